"""Detectors as ONNX, TorchScript and OpenVINO files, and the proof that they find the same."""
