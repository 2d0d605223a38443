"""The paper's experiments: grids of training runs, run one after the other, and their reports."""
