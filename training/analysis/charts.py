# SPDX-License-Identifier: MIT
"""Line charts as inline SVG that take the page's colours (light and dark), and spectrograms as PNG."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 14, 40
COLOURS = 4
"""The style sheet holds classes s0..s3: one colour a series."""

SPECTROGRAM_HZ = (80.0, 16_000.0)
SPECTROGRAM_FLOOR_DB = -80.0


@dataclass(frozen=True)
class Series:
    """One line. x, y of equal length; dots draws the points as well."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    dots: bool = False


def ticks(low: float, high: float, about: int = 7) -> list[float]:
    """Round values that cover low..high inside it, 1-2-5 steps."""
    raw = (high - low) / about
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = np.ceil(low / step - 1e-9)
    return [
        float(step * (first + i))
        for i in range(int((high - low) / step) + 2)
        if step * (first + i) <= high + 1e-9 * step
    ]


def _span(values: ArrayLike) -> tuple[float, float]:
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def line_chart(series: Sequence[Series], x_label: str, y_label: str, title: str = "") -> str:
    """SVG of the lines over a light grid, with a legend where there is more than one."""
    x_low, x_high = _span(np.concatenate([np.asarray(s.x, dtype=float) for s in series]))
    y_low, y_high = _span(np.concatenate([np.asarray(s.y, dtype=float) for s in series]))
    top = TOP + (18 if title else 0) + (18 if len(series) > 1 else 0)

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - (y - y_low) / (y_high - y_low) * (HEIGHT - BOTTOM - top)

    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title or y_label)}">'
    ]
    if title:
        parts.append(f'<text class="chart-title" x="{LEFT}" y="{TOP + 4}">{html.escape(title)}</text>')
    for value in ticks(y_low, y_high):
        _, y = place(x_low, value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{y + 3.5:.1f}">{value:g}</text>')
    for value in ticks(x_low, x_high):
        x, _ = place(value, y_low)
        parts.append(f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}">{value:g}</text>')
    parts += _labels(series, x_label, y_label, top)
    for index, line in enumerate(series):
        points = [place(x, y) for x, y in zip(line.x, line.y, strict=True) if np.isfinite(y)]
        colour = f"s{index % COLOURS}"
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line {colour}" points="{path}"/>')
        if line.dots:
            parts += [f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in points]
    return "".join([*parts, "</svg>"])


def _labels(series: Sequence[Series], x_label: str, y_label: str, top: float) -> list[str]:
    middle = top + (HEIGHT - BOTTOM - top) / 2
    parts = [
        f'<text class="axis" text-anchor="end" x="{WIDTH - RIGHT}" y="{HEIGHT - 6}">{html.escape(x_label)}</text>',
        f'<text class="axis" text-anchor="middle" transform="translate(12 {middle:.0f}) rotate(-90)">'
        f"{html.escape(y_label)}</text>",
    ]
    if len(series) > 1:
        x = float(LEFT)
        for index, line in enumerate(series):
            colour = f"s{index % COLOURS}"
            parts.append(
                f'<line class="line {colour}" x1="{x:.0f}" x2="{x + 14:.0f}" y1="{top - 12}" y2="{top - 12}"/>'
            )
            parts.append(f'<text class="tick" x="{x + 19:.0f}" y="{top - 8}">{html.escape(line.label)}</text>')
            x += 32 + 6.2 * len(line.label)
    return parts


def log_spectrogram(audio: NDArray, rate_hz: float, columns: int = 600, rows: int = 160) -> NDArray[np.float64]:
    """Level in dB below the peak, [rows, columns], rows from 80 Hz to 16 kHz in equal steps of pitch. audio [n]."""
    size = 2048
    padded = np.pad(np.asarray(audio, dtype=np.float64), size // 2)
    starts = np.linspace(0, len(padded) - size, columns).astype(int)
    window = np.hanning(size)
    power = np.abs(np.fft.rfft([padded[s : s + size] * window for s in starts], axis=1)) ** 2
    wanted = np.geomspace(*SPECTROGRAM_HZ, rows) * size / rate_hz
    level = np.stack([np.interp(wanted, np.arange(power.shape[1]), row) for row in power], axis=1)
    decibels = 10 * np.log10(level / max(level.max(), 1e-20) + 1e-12)
    return np.maximum(decibels, SPECTROGRAM_FLOOR_DB)


def spectrogram_png(audio: NDArray, rate_hz: float) -> bytes:
    """PNG of log_spectrogram with frequency and time ticks, legible on light and dark ground."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 1.75), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    picture = log_spectrogram(audio, rate_hz)
    axes.imshow(picture, origin="lower", aspect="auto", cmap="magma", extent=(0, len(audio) / rate_hz, 0, 1))
    octaves = [100, 400, 1600, 6400]
    low, high = np.log(SPECTROGRAM_HZ)
    axes.set_yticks([(np.log(hz) - low) / (high - low) for hz in octaves], ["100 Hz", "400 Hz", "1.6 kHz", "6.4 kHz"])
    axes.tick_params(colors="#8a8a8a", labelsize=7.5, length=2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    target = io.BytesIO()
    figure.savefig(target, format="png", transparent=True)
    return target.getvalue()


def data_uri(kind: str, content: bytes) -> str:
    """`data:` address that carries the content itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
