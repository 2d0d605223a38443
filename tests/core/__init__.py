"""Tests of tcm_core, one module a module."""
