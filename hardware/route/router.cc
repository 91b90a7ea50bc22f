// SPDX-License-Identifier: MIT
// Negotiated-congestion grid router (McMurchie and Ebeling, PathFinder, FPGA 1995): nets may overlap at first, shared
// cells grow dearer each round until nobody shares. Reads a task (task.py), writes paths; the same answer every time.
//
// Layers are those that carry tracks; vias go through all of them. A wire that belongs to a plane ends at its first via.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <queue>
#include <vector>

namespace {

constexpr int kNobody = 0;
constexpr int kBlocked = -1;
constexpr float kTurn45 = 0.1f;
constexpr float kTurn90 = 0.7f;
constexpr float kHaste = 1.15f;  // over 1: paths up to that factor from the best, found several times sooner
constexpr float kHistoryStep = 0.6f;
constexpr float kPressureStart = 0.5f;
constexpr float kPressureGrowth = 1.2f;
constexpr float kPressureMost = 80.0f;
constexpr int kDx[8] = {1, 1, 0, -1, -1, -1, 0, 1};
constexpr int kDy[8] = {0, 1, 1, 1, 0, -1, -1, -1};
constexpr float kStep[8] = {1.0f, 1.41421356f, 1.0f, 1.41421356f, 1.0f, 1.41421356f, 1.0f, 1.41421356f};

struct Offset {
    int x, y;
};

struct Pad {
    int group = 0, layers = 0;
    double left = 0, top = 0, right = 0, bottom = 0;
    bool is_round = false, is_hole = false;
    std::vector<int> cells;
};

// One wire to route: the pads of a net, or a single pad that wants to reach its plane.
struct Wire {
    int group = 0, width = 0;
    bool to_plane = false;
    std::vector<int> pads;
    std::vector<std::vector<int>> paths;
    std::vector<int> nodes, vias;
    bool is_open = false;
};

struct Entry {
    float estimate, cost;
    int node;
    bool operator<(const Entry& other) const {
        return estimate != other.estimate ? estimate > other.estimate : node > other.node;
    }
};

double Distance(const Pad& pad, double x, double y) {
    double left = pad.left, top = pad.top, right = pad.right, bottom = pad.bottom, round = 0;
    if (pad.is_round) {
        round = std::min(right - left, bottom - top) / 2;
        left += round, right -= round, top += round, bottom -= round;
    }
    const double dx = std::max({left - x, 0.0, x - right}), dy = std::max({top - y, 0.0, y - bottom});
    return std::hypot(dx, dy) - round;
}

class Router {
  public:
    bool Read(FILE* file);
    void Prepare();
    int Run(int rounds);
    void Write(FILE* file) const;

  private:
    double X(int cell) const { return x0_ + pitch_ * (cell % nx_); }
    double Y(int cell) const { return y0_ + pitch_ * (cell / nx_); }
    size_t At(int a, int b, int c) const {
        return (static_cast<size_t>(a) * static_cast<size_t>(layers_) + static_cast<size_t>(b)) * area_ + static_cast<size_t>(c);
    }
    std::vector<Offset> Disc(double radius) const;
    template <typename Visit>
    void Near(const Pad& pad, double radius, Visit visit) const;
    static void Claim(int16_t& cell, int group);
    void ClaimPad(const Pad& pad);
    void ClaimKeepout(const std::vector<double>& polygon);
    void Mark(const Wire& wire, int16_t sign);
    void Stamp(std::vector<int16_t>& occupied, std::vector<int>& seen, int cell, const std::vector<Offset>& disc, int16_t sign);
    void AimAtNearest(const std::vector<int>& left, const std::vector<int>& tree);
    bool Route(Wire& wire, bool is_strict);
    int Search(const Wire& wire, const std::vector<int>& tree, bool is_strict);
    float Estimate(int cell) const;
    bool MayVia(const Wire& wire, int cell, bool is_strict) const;
    void Relax(int node, int from, float cost);
    int Conflicts(const Wire& wire, bool is_charged);

    int nx_ = 0, ny_ = 0, layers_ = 0;
    size_t area_ = 0;
    double pitch_ = 0, x0_ = 0, y0_ = 0, clearance_ = 0, via_radius_ = 0, drill_radius_ = 0, hole_gap_ = 0, edge_ = 0;
    float via_cost_ = 0;
    std::vector<double> widths_;
    std::vector<float> layer_cost_;  // [width][layer]
    std::vector<Pad> pads_;
    std::vector<Wire> wires_;
    std::vector<std::vector<double>> keepouts_;
    std::vector<int16_t> owner_, via_owner_, occupied_, via_occupied_;
    std::vector<float> history_, via_history_, cost_;
    std::vector<int> from_, seen_, target_, stamp_, via_stamp_;
    std::vector<std::vector<Offset>> track_track_, track_via_;
    std::vector<Offset> via_via_;
    std::priority_queue<Entry> queue_;
    int search_ = 0, stamping_ = 0, goal_[4] = {0, 0, 0, 0};
    float pressure_ = kPressureStart;
    uint32_t random_ = 12345;
};

bool Router::Read(FILE* file) {
    int widths = 0, pads = 0, wires = 0, keepouts = 0;
    if (fscanf(file, "%d %d %d %lf %lf %lf", &nx_, &ny_, &layers_, &pitch_, &x0_, &y0_) != 6) return false;
    if (fscanf(file, "%lf %lf %lf %lf %lf %f", &clearance_, &via_radius_, &drill_radius_, &hole_gap_, &edge_, &via_cost_) != 6) return false;
    if (fscanf(file, "%d", &widths) != 1) return false;
    for (int i = 0; i < widths; i++) {
        double width = 0;
        if (fscanf(file, "%lf", &width) != 1) return false;
        widths_.push_back(width);
        for (int layer = 0; layer < layers_; layer++) {
            float cost = 0;
            if (fscanf(file, "%f", &cost) != 1) return false;
            layer_cost_.push_back(cost);
        }
    }
    if (fscanf(file, "%d", &pads) != 1) return false;
    for (int i = 0; i < pads; i++) {
        Pad pad;
        int is_round = 0, is_hole = 0;
        if (fscanf(file, "%d %d %lf %lf %lf %lf %d %d", &pad.group, &pad.layers, &pad.left, &pad.top, &pad.right, &pad.bottom, &is_round, &is_hole) != 8) return false;
        pad.is_round = is_round != 0, pad.is_hole = is_hole != 0;
        pads_.push_back(pad);
    }
    if (fscanf(file, "%d", &wires) != 1) return false;
    for (int i = 0; i < wires; i++) {
        Wire wire;
        int to_plane = 0, count = 0;
        if (fscanf(file, "%d %d %d %d", &wire.group, &wire.width, &to_plane, &count) != 4) return false;
        wire.to_plane = to_plane != 0;
        wire.pads.resize(static_cast<size_t>(count));
        for (int& pad : wire.pads)
            if (fscanf(file, "%d", &pad) != 1) return false;
        wires_.push_back(wire);
    }
    if (fscanf(file, "%d", &keepouts) != 1) return false;
    for (int i = 0; i < keepouts; i++) {
        int layer = 0, count = 0;
        if (fscanf(file, "%d %d", &layer, &count) != 2) return false;
        std::vector<double> polygon(1, layer);
        for (int k = 0; k < 2 * count; k++) {
            double value = 0;
            if (fscanf(file, "%lf", &value) != 1) return false;
            polygon.push_back(value);
        }
        keepouts_.push_back(polygon);
    }
    return true;
}

std::vector<Offset> Router::Disc(double radius) const {
    const double cells = radius / pitch_;
    const int reach = static_cast<int>(std::ceil(cells));
    std::vector<Offset> disc;
    for (int y = -reach; y <= reach; y++)
        for (int x = -reach; x <= reach; x++)
            if (x * x + y * y < cells * cells - 1e-6) disc.push_back({x, y});
    return disc;
}

template <typename Visit>
void Router::Near(const Pad& pad, double radius, Visit visit) const {
    const int left = std::max(0, static_cast<int>((pad.left - radius - x0_) / pitch_));
    const int right = std::min(nx_ - 1, static_cast<int>((pad.right + radius - x0_) / pitch_) + 1);
    const int top = std::max(0, static_cast<int>((pad.top - radius - y0_) / pitch_));
    const int bottom = std::min(ny_ - 1, static_cast<int>((pad.bottom + radius - y0_) / pitch_) + 1);
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++)
            if (Distance(pad, x0_ + pitch_ * x, y0_ + pitch_ * y) < radius - 1e-9) visit(y * nx_ + x);
}

void Router::Claim(int16_t& cell, int group) {
    cell = static_cast<int16_t>(cell == kNobody || cell == group ? group : kBlocked);
}

void Router::ClaimPad(const Pad& pad) {
    for (size_t width = 0; width < widths_.size(); width++)
        for (int layer = 0; layer < layers_; layer++)
            if (pad.layers >> layer & 1)
                Near(pad, clearance_ + widths_[width] / 2, [&](int cell) { Claim(owner_[At(static_cast<int>(width), layer, cell)], pad.group); });
    Near(pad, clearance_ + via_radius_, [&](int cell) { Claim(via_owner_[static_cast<size_t>(cell)], pad.group); });
    // No via in a pad, nor so near that solder runs into it; none whose hole comes near another.
    const double own = pad.is_hole ? std::max(via_radius_, drill_radius_ + hole_gap_) : via_radius_ + 0.1;
    Near(pad, own, [&](int cell) { via_owner_[static_cast<size_t>(cell)] = kBlocked; });
}

void Router::ClaimKeepout(const std::vector<double>& polygon) {
    const int layer = static_cast<int>(polygon[0]);
    Pad box;
    box.left = box.top = 1e9, box.right = box.bottom = -1e9;
    for (size_t i = 1; i < polygon.size(); i += 2) {
        box.left = std::min(box.left, polygon[i]), box.right = std::max(box.right, polygon[i]);
        box.top = std::min(box.top, polygon[i + 1]), box.bottom = std::max(box.bottom, polygon[i + 1]);
    }
    for (size_t width = 0; width < widths_.size(); width++)
        Near(box, widths_[width] / 2 + 0.02, [&](int cell) { owner_[At(static_cast<int>(width), layer, cell)] = kBlocked; });
    Near(box, via_radius_ + 0.02, [&](int cell) { via_owner_[static_cast<size_t>(cell)] = kBlocked; });
}

void Router::Prepare() {
    area_ = static_cast<size_t>(nx_) * static_cast<size_t>(ny_);
    const size_t nodes = area_ * static_cast<size_t>(layers_);
    const size_t classes = widths_.size();
    owner_.assign(nodes * classes, kNobody), occupied_.assign(nodes * classes, 0), stamp_.assign(nodes * classes, 0);
    via_owner_.assign(area_, kNobody), via_occupied_.assign(area_, 0), via_stamp_.assign(area_, 0);
    history_.assign(nodes, 0), via_history_.assign(area_, 0);
    cost_.assign(nodes, 0), from_.assign(nodes, -1), seen_.assign(nodes, 0), target_.assign(nodes, -1);
    for (Pad& pad : pads_) {
        ClaimPad(pad);
        // A little inside the pad, so that a track's end lies on it for certain.
        Pad inner = pad;
        const double inset = std::min({0.05, (pad.right - pad.left) / 4, (pad.bottom - pad.top) / 4});
        inner.left += inset, inner.right -= inset, inner.top += inset, inner.bottom -= inset;
        Near(inner, 1e-6, [&](int cell) { pad.cells.push_back(cell); });
    }
    for (const auto& polygon : keepouts_) ClaimKeepout(polygon);
    for (size_t cell = 0; cell < area_; cell++) {
        const int x = static_cast<int>(cell) % nx_, y = static_cast<int>(cell) / nx_;
        const double edge = pitch_ * std::min({x, y, nx_ - 1 - x, ny_ - 1 - y});
        for (size_t width = 0; width < classes; width++)
            for (int layer = 0; layer < layers_; layer++)
                if (edge < edge_ + widths_[width] / 2) owner_[At(static_cast<int>(width), layer, static_cast<int>(cell))] = kBlocked;
        if (edge < edge_ + via_radius_) via_owner_[cell] = kBlocked;
    }
    for (double one : widths_) {
        for (double other : widths_) track_track_.push_back(Disc(one / 2 + clearance_ + other / 2));
        track_via_.push_back(Disc(one / 2 + clearance_ + via_radius_));
    }
    via_via_ = Disc(std::max(2 * via_radius_ + clearance_, 2 * drill_radius_ + hole_gap_));
}

void Router::Stamp(std::vector<int16_t>& occupied, std::vector<int>& seen, int cell, const std::vector<Offset>& disc, int16_t sign) {
    // The caller's vectors are whole maps; cell carries the map's base in its high part through At().
    const int base = cell - cell % static_cast<int>(area_), inside = cell % static_cast<int>(area_);
    const int x = inside % nx_, y = inside / nx_;
    for (const Offset& offset : disc) {
        const int u = x + offset.x, v = y + offset.y;
        if (u < 0 || v < 0 || u >= nx_ || v >= ny_) continue;
        const size_t at = static_cast<size_t>(base + v * nx_ + u);
        if (seen[at] == stamping_) continue;
        seen[at] = stamping_;
        occupied[at] = static_cast<int16_t>(occupied[at] + sign);
    }
}

void Router::Mark(const Wire& wire, int16_t sign) {
    stamping_++;
    const size_t classes = widths_.size();
    const int area = static_cast<int>(area_);
    for (int node : wire.nodes) {
        const int layer = node / area, cell = node % area;
        for (size_t other = 0; other < classes; other++)
            Stamp(occupied_, stamp_, static_cast<int>(At(static_cast<int>(other), layer, cell)), track_track_[static_cast<size_t>(wire.width) * classes + other], sign);
        Stamp(via_occupied_, via_stamp_, cell, track_via_[static_cast<size_t>(wire.width)], sign);
    }
    for (int cell : wire.vias) {
        for (size_t other = 0; other < classes; other++)
            for (int layer = 0; layer < layers_; layer++)
                Stamp(occupied_, stamp_, static_cast<int>(At(static_cast<int>(other), layer, cell)), track_via_[other], sign);
        Stamp(via_occupied_, via_stamp_, cell, via_via_, sign);
    }
}

float Router::Estimate(int cell) const {
    const int x = cell % nx_, y = cell / nx_;
    const int dx = std::max({goal_[0] - x, 0, x - goal_[2]}), dy = std::max({goal_[1] - y, 0, y - goal_[3]});
    return static_cast<float>(std::max(dx, dy)) + 0.41421356f * static_cast<float>(std::min(dx, dy));
}

bool Router::MayVia(const Wire& wire, int cell, bool is_strict) const {
    const int owner = via_owner_[static_cast<size_t>(cell)];
    if (owner != kNobody && owner != wire.group) return false;
    if (is_strict && via_occupied_[static_cast<size_t>(cell)]) return false;
    const double least = (2 * drill_radius_ + hole_gap_) / pitch_;
    for (int via : wire.vias)
        if (via != cell && std::hypot(via % nx_ - cell % nx_, via / nx_ - cell / nx_) < least) return false;
    return true;
}

void Router::Relax(int node, int from, float cost) {
    const size_t at = static_cast<size_t>(node);
    if (seen_[at] == search_ && cost >= cost_[at] - 1e-5f) return;
    seen_[at] = search_, cost_[at] = cost, from_[at] = from;
    queue_.push({cost + kHaste * Estimate(node % static_cast<int>(area_)), cost, node});
}

// The node where a path from the tree ends: on a pad that is still alone, or at a via where that reaches the plane.
int Router::Search(const Wire& wire, const std::vector<int>& tree, bool is_strict) {
    search_++;
    queue_ = {};
    for (int node : tree) Relax(node, -1, 0);
    const int area = static_cast<int>(area_);
    while (!queue_.empty()) {
        const Entry entry = queue_.top();
        queue_.pop();
        const size_t at = static_cast<size_t>(entry.node);
        if (entry.cost > cost_[at] + 1e-4f) continue;
        if (target_[at] >= 0) return entry.node;
        const int layer = entry.node / area, cell = entry.node % area, x = cell % nx_, y = cell / nx_;
        const int back = from_[at];
        int heading = -1;
        if (back >= 0 && back / area == layer)
            for (int k = 0; k < 8; k++)
                if (cell - back % area == kDy[k] * nx_ + kDx[k]) heading = k;
        const float factor = layer_cost_[static_cast<size_t>(wire.width * layers_ + layer)];
        for (int k = 0; k < 8; k++) {
            const int bend = heading < 0 ? 0 : std::min((k - heading) & 7, (heading - k) & 7);
            if (bend > 2) continue;
            const int u = x + kDx[k], v = y + kDy[k];
            if (u < 0 || v < 0 || u >= nx_ || v >= ny_) continue;
            const int next = v * nx_ + u;
            const size_t there = At(wire.width, layer, next);
            const int owner = owner_[there];
            if (owner != kNobody && owner != wire.group) continue;
            const int others = occupied_[there];
            if (is_strict && others) continue;
            const float turn = bend == 0 ? 0 : bend == 1 ? kTurn45 : kTurn90;
            const float share = (1 + history_[static_cast<size_t>(layer * area + next)]) * (1 + pressure_ * static_cast<float>(others));
            Relax(layer * area + next, entry.node, cost_[at] + (kStep[k] + turn) * factor * share);
        }
        if (!MayVia(wire, cell, is_strict)) continue;
        const float share = (1 + via_history_[static_cast<size_t>(cell)]) * (1 + pressure_ * static_cast<float>(via_occupied_[static_cast<size_t>(cell)]));
        for (int other = 0; other < layers_; other++) {
            if (other == layer) continue;
            const int owner = owner_[At(wire.width, other, cell)];
            if (owner != kNobody && owner != wire.group) continue;
            Relax(other * area + cell, entry.node, cost_[at] + via_cost_ * share);
        }
    }
    return -1;
}

// Searches head for the one pad that is nearest to the tree; whichever pad they meet on the way counts as well.
void Router::AimAtNearest(const std::vector<int>& left, const std::vector<int>& tree) {
    int nearest = 1 << 30;
    for (int number : left) {
        int box[4] = {1 << 20, 1 << 20, -1, -1};
        for (int cell : pads_[static_cast<size_t>(number)].cells) {
            box[0] = std::min(box[0], cell % nx_), box[2] = std::max(box[2], cell % nx_);
            box[1] = std::min(box[1], cell / nx_), box[3] = std::max(box[3], cell / nx_);
        }
        for (int node : tree) {
            const int cell = node % static_cast<int>(area_), x = cell % nx_, y = cell / nx_;
            const int distance = std::max({box[0] - x, 0, x - box[2]}) + std::max({box[1] - y, 0, y - box[3]});
            if (distance >= nearest) continue;
            nearest = distance;
            std::copy(box, box + 4, goal_);
        }
    }
}

bool Router::Route(Wire& wire, bool is_strict) {
    wire.paths.clear(), wire.nodes.clear(), wire.vias.clear(), wire.is_open = false;
    const int area = static_cast<int>(area_);
    std::vector<int> tree, left(wire.pads.begin() + 1, wire.pads.end());
    const auto each = [&](int pad, auto visit) {
        for (int layer = 0; layer < layers_; layer++)
            if (pads_[static_cast<size_t>(pad)].layers >> layer & 1)
                for (int cell : pads_[static_cast<size_t>(pad)].cells) visit(layer * area + cell);
    };
    each(wire.pads[0], [&](int node) { tree.push_back(node); });
    if (wire.to_plane) {
        goal_[0] = goal_[1] = 0, goal_[2] = nx_ - 1, goal_[3] = ny_ - 1;
        // A plane is reached by a via: whatever node of the middle layer comes first.
        for (int cell = 0; cell < area; cell++) target_[static_cast<size_t>(area + cell)] = wire.pads[0];
        const int end = Search(wire, tree, is_strict);
        std::fill(target_.begin() + area, target_.begin() + 2 * area, -1);
        wire.is_open = end < 0;
        if (end < 0) return false;
        std::vector<int> path;
        for (int node = end; node >= 0; node = from_[static_cast<size_t>(node)]) path.push_back(node);
        wire.vias.push_back(end % area);
        path.erase(path.begin());
        wire.nodes = path;
        wire.paths.push_back(path);
        return true;
    }
    for (int pad : left) each(pad, [&](int node) { target_[static_cast<size_t>(node)] = pad; });
    while (!left.empty() && !wire.is_open) {
        AimAtNearest(left, tree);
        const int end = Search(wire, tree, is_strict);
        wire.is_open = end < 0;
        if (end < 0) break;
        std::vector<int> path;
        for (int node = end; node >= 0; node = from_[static_cast<size_t>(node)]) path.push_back(node);
        for (size_t i = 0; i < path.size(); i++) {
            wire.nodes.push_back(path[i]), tree.push_back(path[i]);
            if (i && path[i] / area != path[i - 1] / area) wire.vias.push_back(path[i] % area);
        }
        const int pad = target_[static_cast<size_t>(end)];
        each(pad, [&](int node) { target_[static_cast<size_t>(node)] = -1, tree.push_back(node); });
        left.erase(std::find(left.begin(), left.end(), pad));
        wire.paths.push_back(path);
    }
    for (int pad : left) each(pad, [&](int node) { target_[static_cast<size_t>(node)] = -1; });
    return !wire.is_open;
}

int Router::Conflicts(const Wire& wire, bool is_charged) {
    int count = 0;
    const int area = static_cast<int>(area_);
    for (int node : wire.nodes)
        if (occupied_[At(wire.width, node / area, node % area)] > 1) {
            count++;
            if (is_charged) history_[static_cast<size_t>(node)] += kHistoryStep;
        }
    for (int cell : wire.vias)
        if (via_occupied_[static_cast<size_t>(cell)] > 1) {
            count++;
            if (is_charged) via_history_[static_cast<size_t>(cell)] += kHistoryStep;
        }
    return count;
}

int Router::Run(int rounds) {
    std::vector<size_t> order(wires_.size());
    for (size_t i = 0; i < order.size(); i++) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return wires_[a].pads.size() < wires_[b].pads.size(); });
    for (int round = 1; round <= rounds; round++) {
        int routed = 0, conflicts = 0, shared = 0, open = 0;
        for (size_t i : order) {
            Wire& wire = wires_[i];
            if (round > 1) {
                if (!wire.is_open && !Conflicts(wire, false)) continue;
                Mark(wire, -1);
            }
            Route(wire, false);
            Mark(wire, 1);
            routed++;
        }
        for (size_t i : order) {
            const int count = Conflicts(wires_[i], true);
            conflicts += count, shared += count > 0, open += wires_[i].is_open;
        }
        fprintf(stderr, "round %d: routed %d, sharing %d wires at %d cells, open %d, %.0f s\n", round, routed, shared, conflicts, open,
                static_cast<double>(clock()) / CLOCKS_PER_SEC);
        if (conflicts == 0) break;
        pressure_ = std::min(pressure_ * kPressureGrowth, kPressureMost);
        for (size_t i = order.size() - 1; round % 6 == 0 && i > 0; i--) {
            random_ = random_ * 1664525u + 1013904223u;
            std::swap(order[i], order[(random_ >> 8) % (i + 1)]);
        }
    }
    int open = 0;
    for (size_t i : order) {
        Wire& wire = wires_[i];
        if (!wire.is_open && !Conflicts(wire, false)) continue;
        Mark(wire, -1);
        Route(wire, true);
        open += wire.is_open;
        Mark(wire, 1);
    }
    return open;
}

void Router::Write(FILE* file) const {
    const int area = static_cast<int>(area_);
    for (size_t i = 0; i < wires_.size(); i++) {
        const Wire& wire = wires_[i];
        fprintf(file, "wire %zu %d\n", i, wire.is_open);
        for (const auto& path : wire.paths) {
            fprintf(file, "path");
            for (int node : path) fprintf(file, " %d %d %d", node / area, node % area % nx_, node % area / nx_);
            fprintf(file, "\n");
        }
        for (int cell : wire.vias) fprintf(file, "via %d %d\n", cell % nx_, cell / nx_);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return fprintf(stderr, "router TASK RESULT ROUNDS\n"), 2;
    FILE* task = fopen(arguments[1], "r");
    Router router;
    if (!task || !router.Read(task)) return fprintf(stderr, "router: can't read the task %s\n", arguments[1]), 2;
    fclose(task);
    router.Prepare();
    const int open = router.Run(atoi(arguments[3]));
    FILE* result = fopen(arguments[2], "w");
    if (!result) return fprintf(stderr, "router: can't write %s\n", arguments[2]), 2;
    router.Write(result);
    fclose(result);
    fprintf(stderr, "open: %d\n", open);
    return 0;
}
