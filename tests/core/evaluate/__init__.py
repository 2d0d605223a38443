"""Tests of tcm_core.evaluate, one module a protocol."""
