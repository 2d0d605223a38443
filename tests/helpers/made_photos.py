"""Made-up photographs with large words and their ICDAR 2015 labels: something a short run can learn."""

from pathlib import Path

import cv2
import numpy as np

WORDS = ("OPEN", "EXIT", "CAFE", "TAXI", "BOOK", "SALE")


def made_dataset(root: Path, count: int = 2) -> Path:
    """A folder in the layout of ICDAR 2015: white words on a dark, uneven ground, 192 x 160 pixels."""
    (root / "images").mkdir(parents=True)
    (root / "gt").mkdir()
    random = np.random.default_rng(0)
    for index in range(count):
        ground = random.normal(70, 12, (12, 10, 3)).clip(0, 255).astype(np.uint8)
        image = np.asarray(cv2.resize(ground, (192, 160), interpolation=cv2.INTER_CUBIC))
        lines = []
        for row in range(2):
            word = WORDS[(2 * index + row) % len(WORDS)]
            (width, height), below = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, 1.2, 4)
            x, y = int(random.integers(8, 184 - width)), 24 + row * 76
            cv2.putText(image, word, (x, y + height), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 4)
            x0, y0, x1, y1 = x - 2, y - 4, x + width + 2, y + height + below // 2
            lines.append(f"{x0},{y0},{x1},{y0},{x1},{y1},{x0},{y1},{word}")
        cv2.imwrite(str(root / "images" / f"img_{index + 1}.png"), image)
        (root / "gt" / f"gt_img_{index + 1}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root
