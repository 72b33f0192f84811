"""Tests on the rig: real servers, real engines, real SSH."""
