"""The evaluation protocols one polygon after the other: slow and plain, what the fast ones must agree with.

Each function takes the texts [(polygon, ignored)] and the polygons of one image and gives
(recall credit, texts that count, precision credit, detections that count).
"""

import numpy as np
from shapely.geometry import Polygon, box


def shape(polygon):
    return Polygon(np.asarray(polygon))


def shared(a, b):
    return a.intersection(b).area


def iou(a, b, more=0.0):
    union = a.area + b.area - shared(a, b) + more
    return round(shared(a, b) / union, 9) if union else 0.0


def is_ignored(found, texts, more=0.0):
    area = found.area + more
    return any(
        ignored and area and round(shared(shape(text), found) / area, 9) > 0.5 for text, ignored in texts
    )


def icdar15(texts, founds, limit=0.5):
    care = [shape(text) for text, ignored in texts if not ignored]
    founds = [shape(found) for found in founds]
    founds = [found for found in founds if not is_ignored(found, texts)]
    free = list(founds)
    matched = 0
    for text in care:
        for found in free:
            if iou(text, found) > limit:
                matched += 1
                free.remove(found)
                break
    return matched, len(care), matched, len(founds)


def art(texts, founds, limit=0.5):
    care = [shape(text) for text, ignored in texts if not ignored]
    founds = [shape(found) for found in founds]
    founds = [found for found in founds if not is_ignored(found, texts)]
    free = list(founds)
    matched = 0
    for text in care:
        best = max(free, key=lambda found: iou(text, found), default=None)
        if best is not None and iou(text, best) > limit:
            matched += 1
            free.remove(best)
    return matched, len(care), matched, len(founds)


def totaltext_pascal(texts, founds, limit=0.5):
    care = [shape(text) for text, ignored in texts if not ignored]
    founds = [shape(found) for found in founds]
    founds = [found for found in founds if not is_ignored(found, texts, 1.0)]
    taken = set()
    for found in founds:
        ious = [iou(text, found, 1.0) for text in care]
        if ious and max(ious) >= limit:
            taken.add(ious.index(max(ious)))
    return len(taken), len(care), len(taken), len(founds)


def ctw1500(texts, founds, limit=0.5):
    care, founds = [shape(text) for text, _ in texts], [shape(found) for found in founds]
    taken = set()
    for found in founds:
        ious = [iou(text, found) for text in care]
        if ious and max(ious) > limit:
            taken.add(ious.index(max(ious)))
    return len(taken), len(care), len(taken), len(founds)


def ctw1500_pan(texts, founds, limit=0.5):
    care, founds = [shape(text) for text, _ in texts], [shape(found) for found in founds]
    covered, right = set(), 0
    for found in founds:
        new = {i for i, text in enumerate(care) if iou(text, found) >= limit} - covered
        covered |= new
        right += bool(new)
    return right, len(care), right, len(founds)


def td500_pan(texts, founds, limit=0.5):
    found_lines = missed = 0
    for text, difficult in texts:
        if any(iou(shape(text), shape(found)) >= limit for found in founds):
            found_lines += 1
        elif not difficult:
            missed += 1
    return found_lines, found_lines + missed, found_lines, len(founds)


def totaltext(texts, founds, tr=0.7, tp=0.6):  # noqa: C901, PLR0912 - three passes, read in one go
    care = [shape(text) for text, ignored in texts if not ignored]
    founds = [shape(found) for found in founds]
    founds = [found for found in founds if not is_ignored(found, texts, 1.0)]
    sigma = np.array([[np.round(shared(t, f) / t.area, 2) for f in founds] for t in care])
    tau = np.array([[np.round(shared(t, f) / f.area, 2) for f in founds] for t in care])
    done_t, done_f = set(), set()
    recall = precision = 0.0
    if not sigma.size:
        return 0.0, len(care), 0.0, len(founds)
    for t in range(len(care)):
        s = [f for f in range(len(founds)) if sigma[t, f] > tr]
        u = [f for f in range(len(founds)) if tau[t, f] > tp]
        if len(s) == len(u) == 1:
            rivals = sum(sigma[other, s[0]] > tr for other in range(len(care)))
            rivals += sum(tau[other, u[0]] > tp for other in range(len(care)))
            if rivals == 2:
                recall, precision = recall + 1, precision + 1
                done_t.add(t)
                done_f.add(s[0])
    for t in range(len(care)):
        if t in done_t or sum(sigma[t] > 0) < 2:
            continue
        parts = [f for f in range(len(founds)) if tau[t, f] >= tp and f not in done_f]
        if len(parts) == 1 and sigma[t, parts[0]] >= tr:
            recall, precision = recall + 1, precision + 1
        elif len(parts) != 1 and sigma[t, parts].sum() >= tr:
            recall, precision = recall + 0.8, precision + 0.8 * len(parts)
        else:
            continue
        done_t.add(t)
        done_f.update(parts)
    for f in range(len(founds)):
        if f in done_f or sum(tau[:, f] > 0) < 2:
            continue
        parts = [t for t in range(len(care)) if sigma[t, f] >= tp and t not in done_t]
        if len(parts) == 1 and sigma[parts[0], f] >= tr and tau[parts[0], f] >= tp:
            recall, precision = recall + 1, precision + 1
        elif len(parts) != 1 and tau[parts, f].sum() >= tp:
            recall, precision = recall + 0.8 * len(parts), precision + 0.8
        else:
            continue
        done_f.add(f)
        done_t.update(parts)
    return recall, len(care), precision, len(founds)


def icdar13(texts, founds):  # noqa: C901 - three passes, read in one go
    """On the bounding boxes, whose last pixels belong to them: boxes of one pixel more."""

    def grown(polygon):
        (x0, y0), (x1, y1) = np.min(polygon, axis=0), np.max(polygon, axis=0)
        return box(x0, y0, x1 + 1, y1 + 1)

    all_texts = [(grown(text), ignored) for text, ignored in texts]
    founds = [grown(found) for found in founds]
    kept = [f for f in founds if not any(ignored and shared(t, f) / f.area > 0.4 for t, ignored in all_texts)]
    care = [text for text, ignored in all_texts if not ignored]

    def fit(t, f):
        return shared(t, f) / t.area >= 0.8 and shared(t, f) / f.area >= 0.4

    def touching(shape, others):
        return sum(shared(shape, other) > 0 for other in others)

    free_t, free_f = list(care), list(kept)
    recall = precision = 0.0
    for t in care:
        for f in kept:
            alone = (
                fit(t, f)
                and sum(fit(t, other) for other in founds) == 1
                and sum(fit(other, f) for other, _ in all_texts) == 1
                and touching(t, kept) == 1
                and touching(f, care) == 1
            )
            if alone and t in free_t and f in free_f:
                recall, precision = recall + 1, precision + 1
                free_t.remove(t)
                free_f.remove(f)
    for t in list(free_t):
        parts = [f for f in free_f if shared(t, f) / f.area >= 0.4]
        if round(sum(shared(t, f) / t.area for f in parts), 4) >= 0.8 and touching(t, kept) >= 2:
            credit = 1.0 if len(parts) == 1 else 0.8
            recall, precision = recall + credit, precision + credit * len(parts)
            free_t.remove(t)
            free_f = [f for f in free_f if not any(f is part for part in parts)]
    for f in list(free_f):
        parts = [t for t in free_t if shared(t, f) / t.area >= 0.8]
        if round(sum(shared(t, f) / f.area for t in parts), 4) >= 0.4 and touching(f, care) >= 2:
            recall, precision = recall + len(parts), precision + 1
            free_t = [t for t in free_t if not any(t is part for part in parts)]
    return recall, len(care), precision, len(kept)
