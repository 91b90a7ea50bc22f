// SPDX-License-Identifier: MIT
// The router's grid: pads, keep-outs and wires of a task, who owns which cell, and what has been laid where.
#ifndef LOTTAVA_ROUTE_ROUTER_H_
#define LOTTAVA_ROUTE_ROUTER_H_

#include <cstdint>
#include <cstdio>
#include <queue>
#include <vector>

namespace lottava {

constexpr int kNobody = 0;
constexpr int kBlocked = -1;
constexpr float kPressureStart = 0.5f;

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

}  // namespace lottava

#endif  // LOTTAVA_ROUTE_ROUTER_H_
