// SPDX-License-Identifier: MIT
// From a task to the grid, from the grid to the paths that were found; what a wire takes of it.
#include "router.h"

#include <algorithm>
#include <cmath>

namespace lottava {

namespace {

double Distance(const Pad& pad, double x, double y) {
    double left = pad.left, top = pad.top, right = pad.right, bottom = pad.bottom, round = 0;
    if (pad.is_round) {
        round = std::min(right - left, bottom - top) / 2;
        left += round, right -= round, top += round, bottom -= round;
    }
    const double dx = std::max({left - x, 0.0, x - right}), dy = std::max({top - y, 0.0, y - bottom});
    return std::hypot(dx, dy) - round;
}

}  // namespace

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

}  // namespace lottava
