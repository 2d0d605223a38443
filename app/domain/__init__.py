"""What a person works on: regions, pages, edits, hit testing. No Qt, no files, no network."""
