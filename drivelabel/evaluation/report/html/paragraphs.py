"""What stands above the page's tables, in sentences: rules, and numbers that need their rule beside them."""

from __future__ import annotations

from typing import Any

from drivelabel.evaluation.report.html.charts import MAX_TRACKS
from drivelabel.evaluation.report.html.words import number, percent
from drivelabel.evaluation.report.objects import PROJECTED

IGNORED = "ignored: "


def objects(kind: str, task: dict[str, Any], settings: dict[str, Any]) -> str:
    """What of one kind of object was judged and what was not."""
    at = f"IoU from {settings['iou']:g} on"
    if kind == "boxes3d":
        at = f"centres within {settings['metres']:g} m, from above"
    same = f"The same object: {at}, one to one, best score first, class by class."
    counts, judged = task["counts"], task["judged"]
    parts = [f"{judged['groups']:,} {'samples' if kind == 'boxes3d' else 'frames'} were judged. {same}"]
    if task.get("truth_from") == PROJECTED:
        parts.append(
            "The truth is cuboids, projected into the images: looser than boxes that were drawn, so read "
            "overlaps with care. A cuboid behind a wall or fence counts where lidar points say it is there."
        )
    left = {why.removeprefix(IGNORED): n for why, n in judged.items() if why.startswith(IGNORED) and n}
    if left:
        reasons = ", ".join(f"{n:,} {why}" for why, n in left.items())
        parts.append(
            f"{counts['ignored_truth']:,} true ones do not count, neither found nor missed: {reasons}. "
            f"{counts['ignored_pred']:,} labels lie on them or are too low to judge."
        )
    if judged["as_lights_truth"] or judged["as_lights_pred"]:
        parts.append(
            "Boxes of traffic lights are judged under traffic lights and left out here: "
            f"{judged['as_lights_truth']:,} of the truth, {judged['as_lights_pred']:,} labels."
        )
    place = task["placement"]
    if place["mean"] is not None:
        unit = "m apart" if place["unit"] == "metres" else "IoU"
        parts.append(f"Found ones: {place['mean']:.2f} {unit} on average ({place['n']:,}).")
    return " ".join([*parts, *_folded(task)])


def _folded(task: dict[str, Any]) -> list[str]:
    folded = {
        f"{name} ({side}: {', '.join(names)})"
        for side in ("truth", "pred")
        for name, names in task.get("classes", {}).get(side, {}).get("merged", {}).items()
    }
    return [f"Classes folded into one of ours: {'; '.join(sorted(folded))}."] if folded else []


def precision(kind: str, task: dict[str, Any]) -> str:
    """Average precision by the rules of the kind's benchmark."""
    ap = task["ap"]
    if ap is None:
        return f"No average precision: {task['ap_missing']}"
    over = ", ".join(ap["over"]).replace("_", " ") or "no class"
    if kind == "boxes3d":
        return (
            "By nuScenes' rules (centres within 0.5 to 4 m, its ranges and classes): mean AP "
            f"{percent(ap['mean_ap'])} and detection score {number(ap['nds'], 3)} over the classes with "
            f"truth ({over}). The contest's own means over ten classes, those without truth as 0: "
            f"{percent(ap['mean_ap_of_ten'])} and {number(ap['nds_of_ten'], 3)}. "
            f"{ap['dropped_truth']:,} true and {ap['dropped_pred']:,} predicted cuboids are out of range, "
            "empty or in a bike rack."
            + (" The labels have no scores, so their order stands in." if ap["logs_without_scores"] else "")
        )
    sizes = ", ".join(f"{name} {percent(ap[name])}" for name in ("APs", "APm", "APl"))
    return (
        f"By COCO's rules over all that counts: AP {percent(ap['AP'])} (IoU .50:.95), AP50 "
        f"{percent(ap['AP50'])}, AP75 {percent(ap['AP75'])}; small, medium, large: {sizes}; average recall "
        f"AR100 {percent(ap['AR100'])}. Means over the classes with truth: {over}. An average precision is "
        "no sum over logs: of several logs it is that of all labels together."
    )


def tracks(scores: dict[str, Any] | None, shown: int) -> str:
    """HOTA, CLEAR and Identity; "" without tracks."""
    if not scores:
        return ""
    loose = f"{scores['untracked_truth']:,} true ones and {scores['untracked_pred']:,} labels"
    return (
        f"HOTA {number(scores['hota'], 3)} (detection {number(scores['det_a'], 3)}, association "
        f"{number(scores['ass_a'], 3)}), MOTA {number(scores['mota'], 3)}, IDF1 {number(scores['idf1'], 3)}, "
        "as TrackEval, class by class and camera by camera, then added up. "
        f"{scores['tracks']:,} true tracks: {scores['mt']:,} mostly followed (more than 80 %), "
        f"{scores['pt']:,} partly, {scores['ml']:,} mostly lost; {scores['idsw']:,} identity switches, "
        f"{scores['frag']:,} gaps. Without a track: {loose}; each counts as a track of its own."
        + (f" The {MAX_TRACKS} with most frames not found:" if shown > MAX_TRACKS else "")
    )


def lanes(task: dict[str, Any]) -> str:
    """How lines are compared, their distance, and TuSimple's numbers."""
    px = "–" if task["distance_px"] is None else f"{task['distance_px']:.1f} px"
    strict, fair = task["tusimple"], task["tusimple_repaired"]
    accuracy = percent(strict["accuracy"])
    if strict["frames_with_too_many_lines"]:
        n = strict["frames_with_too_many_lines"]
        accuracy = f"not given, since {n:,} frames have more than the five lines that it knows"
    return (
        f"{task['frames']:,} frames, {task['frames_without_lines']:,} of them without a true line. "
        "By CULane's rules: lines are drawn at the width named, in an image scaled to the width named, and "
        "compared as areas. A wide line forgives more, so read the width with the number. "
        f"Lines found lie {px} apart on average. TuSimple's accuracy: {accuracy}; repaired (lines one to "
        f"one, only points that exist): {percent(fair['accuracy'])} of points, F1 {percent(fair['f1'])}."
    )


def areas(task: dict[str, Any]) -> str:
    """Which classes a mean is over, and what it is with the others."""
    pq, background = task["panoptic"], task["background"]
    over = ", ".join(task["mean_over"]).replace("_", " ") or "no class"
    apart = "things told apart" if pq["things_told_apart"] else "each class of a frame one segment"
    text = (
        f"Pixels of {task['frames']:,} frames, summed first, then divided. Mean IoU over the classes that "
        f"both sides use ({over}), without background: {percent(task['mean_iou'])}; with all other pixels as "
        f"one class more (its IoU {percent(background['iou'])}): "
        f"{percent(task['mean_iou_with_background'])}; over every class of either side, as Cityscapes: "
        f"{percent(task['mean_iou_all_classes'])} of {len(task['all_classes'])} classes. Panoptic quality "
        f"over the classes of both ({apart}): {percent(pq['pq'])}."
    )
    if task["pred_unlabelled"]:
        text += f" {task['pred_unlabelled']:,} frames have no predicted map and count as empty."
    return text


def lights(task: dict[str, Any]) -> str:
    """What lights show, when it changes, and where the bulbs are."""
    c, switches, bulbs, frames = task["counts"], task["switches"], task["bulbs"], task["frames"]
    changes = (
        f"{switches['found']:,} found, {switches['missed']:,} missed, {switches['extra']:,} that are none"
    )
    if switches["median_seconds"] is not None:
        changes += f"; those found are {switches['median_seconds']:.2f} s off in the median"
    return (
        f"Of {c['truth']:,} lights found whose true state is known, {percent(c['recall'])} show it. F1 of a "
        "state counts lights that were not found as well; yellow and off stand on their own; "
        f"{task['truth_unknown']:,} lights of unknown true state are left out. Frames without a light "
        f"count: {frames['n_empty']:,}, with {frames['fp_empty']:,} false lights. Changes of state: "
        f"{changes}. Bulbs of lights found: OKS {number(bulbs['oks'])}, within 10 % of the housing's height "
        f"{percent(bulbs['pck']['0.1'])}."
    )
