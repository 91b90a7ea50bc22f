// SPDX-License-Identifier: MIT
// Negotiated-congestion grid router (McMurchie and Ebeling, PathFinder, FPGA 1995): nets may overlap at first, shared
// cells grow dearer each round until nobody shares. Reads a task (task.py), writes paths; the same answer every time.
//
// Layers are those that carry tracks; vias go through all of them. A wire that belongs to a plane ends at its first via.
#include "router.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>

namespace lottava {
namespace {

constexpr float kTurn45 = 0.1f;
constexpr float kTurn90 = 0.7f;
constexpr float kHaste = 1.15f;  // over 1: paths up to that factor from the best, found several times sooner
constexpr float kHistoryStep = 0.6f;
constexpr float kPressureGrowth = 1.2f;
constexpr float kPressureMost = 80.0f;
constexpr int kDx[8] = {1, 1, 0, -1, -1, -1, 0, 1};
constexpr int kDy[8] = {0, 1, 1, 1, 0, -1, -1, -1};
constexpr float kStep[8] = {1.0f, 1.41421356f, 1.0f, 1.41421356f, 1.0f, 1.41421356f, 1.0f, 1.41421356f};

}  // namespace

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

}  // namespace lottava

int main(int count, char** arguments) {
    if (count != 4) return fprintf(stderr, "router TASK RESULT ROUNDS\n"), 2;
    FILE* task = fopen(arguments[1], "r");
    lottava::Router router;
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
