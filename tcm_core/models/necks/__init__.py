"""From encoder stages to one feature map."""
