# SPDX-License-Identifier: MIT
"""Writes a .kicad_pcb from a job in JSON; the one module that imports pcbnew, run as a script.

    .venv-kicad/bin/python hardware/pcb/kicad_board.py job.json board.kicad_pcb

Everything that decides anything is in the job (job.py, the panel's board.py); this only says it in KiCad's terms.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Callable
from typing import Any

import pcbnew

Job = dict[str, Any]

FLAGS = {
    "exclude_from_bom": pcbnew.FP_EXCLUDE_FROM_BOM,
    "exclude_from_pos_files": pcbnew.FP_EXCLUDE_FROM_POS_FILES,
    "dnp": pcbnew.FP_DNP,
    "board_only": pcbnew.FP_BOARD_ONLY,
}
JUSTIFY = {
    "left": pcbnew.GR_TEXT_H_ALIGN_LEFT,
    "center": pcbnew.GR_TEXT_H_ALIGN_CENTER,
    "right": pcbnew.GR_TEXT_H_ALIGN_RIGHT,
}


class Writer:
    """A board that is being written; x0, y0: where the panel's corner lies on the sheet."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.x0, self.y0 = job["origin"]
        self.board = pcbnew.BOARD()
        self.board.SetCopperLayerCount(job["copper_layers"])
        self.nets: dict[str, Any] = {}

    def at(self, x: float, y: float) -> Any:
        """A point of the panel on the sheet."""
        return pcbnew.VECTOR2I(pcbnew.FromMM(round(x + self.x0, 4)), pcbnew.FromMM(round(y + self.y0, 4)))

    def layer(self, name: str) -> int:
        """A layer by its KiCad name. Raises ValueError."""
        found: int = self.board.GetLayerID(name)
        if found < 0:
            raise ValueError(f"KiCad has no layer {name!r}")
        return found

    def settings(self) -> None:
        """Stack-up, origins, title block, minimum sizes that the file itself holds."""
        design = self.board.GetDesignSettings()
        design.SetAuxOrigin(self.at(*self.job["drill_origin"]))
        design.SetGridOrigin(self.at(*self.job["drill_origin"]))
        design.SetBoardThickness(pcbnew.FromMM(self.job["thickness"]))
        design.m_TentViasFront = design.m_TentViasBack = True
        for name, kind in self.job.get("layer_types", {}).items():
            self.board.SetLayerType(self.layer(name), {"power": pcbnew.LT_POWER, "signal": pcbnew.LT_SIGNAL}[kind])
        title = self.board.GetTitleBlock()
        title.SetTitle(self.job["title"])
        title.SetRevision(self.job["revision"])
        title.SetDate(self.job["date"])
        title.SetCompany(self.job["company"])
        title.SetComment(0, self.job["comment"])

    def add_nets(self) -> None:
        """Every net of the schematic."""
        for name in self.job["nets"]:
            self.nets[name] = pcbnew.NETINFO_ITEM(self.board, name)
            self.board.Add(self.nets[name])

    def footprint(self, item: Job) -> None:
        """A part of the schematic, or one that only the board has."""
        part = pcbnew.FootprintLoad(item["folder"], item["name"])
        if part is None:
            raise ValueError(f"no footprint {item['name']} in {item['folder']}")
        part.SetFPID(pcbnew.LIB_ID(item["library"], item["name"]))
        part.SetReference(item["reference"])
        part.SetValue(item["value"])
        self.board.Add(part)
        if item["is_back"]:
            part.Flip(pcbnew.VECTOR2I(0, 0), pcbnew.FLIP_DIRECTION_LEFT_RIGHT)
        part.Rotate(pcbnew.VECTOR2I(0, 0), pcbnew.EDA_ANGLE(item["turn"], pcbnew.DEGREES_T))
        part.Move(self.at(item["x"], item["y"]))
        flags = part.GetAttributes()
        for name in item["flags"]:
            flags |= FLAGS[name]
        part.SetAttributes(flags)
        if item["path"]:
            part.SetPath(pcbnew.KIID_PATH(item["path"]))
            part.SetSheetname(item["sheet_name"])
            part.SetSheetfile(item["sheet_file"])
        for name, text in item["fields"].items():
            if name not in ("Reference", "Value", "Footprint"):
                part.SetField(name, text)
        for field in part.GetFields():
            field.SetVisible(False)
        for pad in part.Pads():
            net = item["pins"].get(pad.GetNumber())
            if net:
                pad.SetNet(self.nets[net])
        self.label(part, item)

    def label(self, part: Any, item: Job) -> None:
        """The reference on the silkscreen, where the job found room for it."""
        label = item.get("label")
        if not label:
            return
        field = part.Reference()
        field.SetVisible(True)
        field.SetLayer(self.layer("B.Silkscreen" if item["is_back"] else "F.Silkscreen"))
        field.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(label["size"]), pcbnew.FromMM(label["size"])))
        field.SetTextThickness(pcbnew.FromMM(label["stroke"]))
        field.SetKeepUpright(True)
        field.SetPosition(self.at(label["x"], label["y"]))
        field.SetTextAngleDegrees(label["turn"])

    def shape(self, item: Job) -> None:
        """A line, arc, circle, rectangle or polygon on any layer."""
        shape = pcbnew.PCB_SHAPE(self.board)
        shape.SetLayer(self.layer(item["layer"]))
        shape.SetWidth(pcbnew.FromMM(item["width"]))
        points = [self.at(*point) for point in item["points"]]
        if item["kind"] == "line":
            shape.SetShape(pcbnew.SHAPE_T_SEGMENT)
            shape.SetStart(points[0])
            shape.SetEnd(points[1])
        elif item["kind"] == "arc":
            shape.SetShape(pcbnew.SHAPE_T_ARC)
            shape.SetArcGeometry(*points)
        elif item["kind"] == "circle":
            shape.SetShape(pcbnew.SHAPE_T_CIRCLE)
            shape.SetStart(points[0])
            shape.SetEnd(points[1])
        else:
            shape.SetShape(pcbnew.SHAPE_T_POLY)
            shape.SetPolyPoints(points)
        shape.SetFilled(item.get("is_filled", False))
        self.board.Add(shape)

    def text(self, item: Job) -> None:
        """A line of text; on the back it is mirrored."""
        text = pcbnew.PCB_TEXT(self.board)
        text.SetText(item["text"])
        text.SetLayer(self.layer(item["layer"]))
        text.SetPosition(self.at(item["x"], item["y"]))
        text.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(item["size"]), pcbnew.FromMM(item["size"])))
        text.SetTextThickness(pcbnew.FromMM(item["stroke"]))
        text.SetTextAngleDegrees(item.get("turn", 0))
        text.SetHorizJustify(JUSTIFY[item.get("justify", "center")])
        text.SetMirrored(item["layer"].startswith("B."))
        text.SetIsKnockout(item.get("is_knockout", False))
        self.board.Add(text)

    def outlines(self, item: Job) -> Any:
        """The polygon of a text as it would be printed."""
        text = pcbnew.PCB_TEXT(self.board)
        text.SetText(item["text"])
        text.SetPosition(self.at(item["x"], item["y"]))
        text.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(item["size"]), pcbnew.FromMM(item["size"])))
        text.SetTextThickness(pcbnew.FromMM(item["stroke"]))
        found = pcbnew.SHAPE_POLY_SET()
        text.TransformTextToPolySet(found, 0, pcbnew.FromMM(0.005), pcbnew.ERROR_INSIDE)
        return found

    def cutout(self, item: Job) -> None:
        """A filled polygon with letters and discs left out."""
        area = pcbnew.SHAPE_POLY_SET()
        area.NewOutline()
        for point in item["points"]:
            area.Append(self.at(*point))
        for x, y, radius in item["discs"]:
            disc = pcbnew.SHAPE_POLY_SET()
            disc.NewOutline()
            for step in range(64):
                angle = math.tau * step / 64
                disc.Append(self.at(x + radius * math.cos(angle), y + radius * math.sin(angle)))
            area.BooleanSubtract(disc)
        for text in item["texts"]:
            area.BooleanSubtract(self.outlines(text))
        for number in range(area.OutlineCount()):
            one = pcbnew.SHAPE_POLY_SET()
            one.AddOutline(area.Outline(number))
            for hole in range(area.HoleCount(number)):
                one.AddHole(area.Hole(number, hole), 0)
            one.Fracture()
            shape = pcbnew.PCB_SHAPE(self.board)
            shape.SetShape(pcbnew.SHAPE_T_POLY)
            shape.SetLayer(self.layer(item["layer"]))
            shape.SetWidth(0)
            shape.SetPolyShape(one)
            shape.SetFilled(True)
            self.board.Add(shape)

    def track(self, item: Job) -> None:
        """Copper along a chain of points."""
        points = item["points"]
        for start, end in itertools.pairwise(points):
            track = pcbnew.PCB_TRACK(self.board)
            track.SetStart(self.at(*start))
            track.SetEnd(self.at(*end))
            track.SetWidth(pcbnew.FromMM(item["width"]))
            track.SetLayer(self.layer(item["layer"]))
            track.SetNet(self.nets[item["net"]])
            self.board.Add(track)

    def via(self, item: Job) -> None:
        """A through via."""
        via = pcbnew.PCB_VIA(self.board)
        via.SetPosition(self.at(item["x"], item["y"]))
        via.SetWidth(pcbnew.FromMM(item["diameter"]))
        via.SetDrill(pcbnew.FromMM(item["drill"]))
        via.SetNet(self.nets[item["net"]])
        self.board.Add(via)

    def zone(self, item: Job) -> None:
        """A poured area."""
        zone = pcbnew.ZONE(self.board)
        zone.SetLayer(self.layer(item["layer"]))
        zone.SetZoneName(item["name"])
        if item["net"]:
            zone.SetNet(self.nets[item["net"]])
        zone.SetMinThickness(pcbnew.FromMM(item["min_thickness"]))
        zone.SetLocalClearance(pcbnew.FromMM(item["clearance"]))
        zone.SetThermalReliefGap(pcbnew.FromMM(item["thermal_gap"]))
        zone.SetThermalReliefSpokeWidth(pcbnew.FromMM(item["thermal_spoke"]))
        zone.SetAssignedPriority(item["priority"])
        zone.SetPadConnection(pcbnew.ZONE_CONNECTION_FULL if item.get("is_solid") else pcbnew.ZONE_CONNECTION_THERMAL)
        zone.SetIslandRemovalMode(pcbnew.ISLAND_REMOVAL_MODE_ALWAYS)
        outline = zone.Outline()
        outline.NewOutline()
        for point in item["points"]:
            outline.Append(self.at(*point))
        self.board.Add(zone)

    def write(self, path: str) -> None:
        """All of the job, pours filled; the project file must lie beside the path."""
        self.settings()
        self.add_nets()
        adders: dict[str, Callable[[Job], None]] = {
            "footprints": self.footprint,
            "shapes": self.shape,
            "cutouts": self.cutout,
            "texts": self.text,
            "tracks": self.track,
            "vias": self.via,
            "zones": self.zone,
        }
        for name, add in adders.items():
            for item in self.job.get(name, ()):
                add(item)
        pcbnew.SaveBoard(path, self.board, True)
        if self.job.get("zones"):
            # Pours need the project's rules, which only a board that is loaded has beside it.
            board = pcbnew.LoadBoard(path)
            pcbnew.ZONE_FILLER(board).Fill(board.Zones())
            pcbnew.SaveBoard(path, board, True)


def main() -> None:
    """Read the job, write the board; the same identifiers every time."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    pcbnew.KIID.SeedGenerator(job["seed"])
    Writer(job).write(sys.argv[2])


if __name__ == "__main__":
    main()
