"""The tests of TCM Studio; shared robots and fakes are in tests.helpers."""
