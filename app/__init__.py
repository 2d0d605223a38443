"""TCM Studio, the desktop application on top of tcm_core."""
