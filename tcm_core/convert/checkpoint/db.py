"""DBNet's neck and head under the names of mmocr."""

from tcm_core.config.model import DbHeadConfig
from tcm_core.convert.checkpoint.rows import Row, Source, convolution, copied, norm

LAST_INPUT = "neck.laterals.3.weight"
"""What reads the last stage."""


def db_config(source: Source, prefix: str) -> DbHeadConfig:
    """Neck and head widths. Raises BadCheckpoint as Source.size does."""
    return DbHeadConfig(
        neck_width=source.size("neck.lateral_convs.0.conv.weight", 0),
        width=source.size(f"{prefix}binarize.0.weight", 0),
    )


def db_rows(source: Source, prefix: str) -> list[Row]:
    """Where neck and head come from.

    The biases in front of batch norms go into their means; the last layer's stays. Sigmoids have no weights.
    """
    rows = []
    for stage in range(4):
        rows.append(copied(f"neck.laterals.{stage}.weight", f"neck.lateral_convs.{stage}.conv.weight"))
        rows.append(copied(f"neck.smooth.{stage}.weight", f"neck.smooth_convs.{stage}.conv.weight"))
    for ours, theirs in (("probability", "binarize"), ("threshold", "threshold")):
        target, name = f"head.{ours}", f"{prefix}{theirs}"
        first_bias = f"{name}.0.bias"  # there with mmocr's option with_bias only
        rows += [
            copied(f"{target}.0.weight", f"{name}.0.weight"),
            *norm(
                f"{target}.1", f"{name}.1", bias_before=first_bias if first_bias in source.tensors else None
            ),
            copied(f"{target}.3.weight", f"{name}.3.weight"),
            *norm(f"{target}.4", f"{name}.4", bias_before=f"{name}.3.bias"),
            *convolution(f"{target}.6", f"{name}.6", bias=True),
        ]
    return rows
