"""The shape of the project file: script i brings version i to version i + 1. Scripts are never changed."""

import sqlite3
from collections.abc import Sequence
from typing import Final

MIGRATIONS: Final[tuple[str, ...]] = (
    # Every table names pages by key, so that each can be read when another is damaged.
    """
    CREATE TABLE images (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,        -- path in the folder, with "/" between its parts
        bytes INTEGER,                   -- size of the file, NULL when it was not there
        mtime_ns INTEGER,
        sha256 TEXT                      -- of the file, made when first asked for
    );
    CREATE TABLE pages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        revision INTEGER NOT NULL,       -- of the newest row in edits
        review TEXT NOT NULL,
        region_count INTEGER NOT NULL,
        regions TEXT NOT NULL            -- JSON
    );
    CREATE TABLE edits (                 -- append-only
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        revision INTEGER NOT NULL,
        kind TEXT NOT NULL,
        label TEXT NOT NULL,
        at REAL NOT NULL,                -- seconds since 1970, UTC
        whole INTEGER NOT NULL,          -- 1: body is the page; 0: what changed since the revision before
        body TEXT NOT NULL,              -- JSON
        UNIQUE (key, revision)
    );
    CREATE TABLE predictions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,   -- rises with every saving, so the highest is the newest
        key TEXT NOT NULL,
        checkpoint_hash TEXT NOT NULL,
        checkpoint_name TEXT NOT NULL,
        settings TEXT NOT NULL,          -- JSON of the decode settings
        detection_count INTEGER NOT NULL,
        detections TEXT NOT NULL,        -- JSON
        bytes INTEGER,                   -- size and time of the image that was looked at
        mtime_ns INTEGER,
        UNIQUE (key, checkpoint_hash)
    );
    """,
    # Images are found again by their content; labels of others lie beside a person's own.
    """
    ALTER TABLE images ADD COLUMN width INTEGER;       -- as stored, NULL until the image has been read
    ALTER TABLE images ADD COLUMN height INTEGER;
    ALTER TABLE images ADD COLUMN orientation INTEGER; -- EXIF, 1 to 8
    CREATE INDEX images_by_content ON images (bytes, sha256);
    CREATE TABLE ground_truth (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,            -- where it was imported from
        regions TEXT NOT NULL            -- JSON
    );
    """,
    """
    CREATE TABLE comments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        x REAL NOT NULL,                 -- image pixels, view frame
        y REAL NOT NULL,
        text TEXT NOT NULL,
        author TEXT NOT NULL,
        at REAL NOT NULL,                -- seconds since 1970, UTC
        resolved INTEGER NOT NULL        -- 0 or 1
    );
    CREATE INDEX comments_by_page ON comments (key);
    """,
    # What the list of pages shows, without reading past all polygons.
    """
    CREATE INDEX pages_in_short ON pages (key, review, region_count);
    CREATE INDEX predictions_in_short ON predictions (key, detection_count);
    """,
    # What other checkpoints found, to be compared, is kept beside what the one in use found.
    """
    ALTER TABLE predictions ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
    ALTER TABLE predictions ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;  -- 1: not by the one in use
    DROP INDEX predictions_in_short;
    CREATE INDEX predictions_in_short ON predictions (key, aside, detection_count);
    """,
    # How unsure a detector is of a page, for queues.
    """
    ALTER TABLE predictions ADD COLUMN doubt TEXT;     -- JSON numbers by name, NULL when it is not known
    """,
    # One image can be decoded by settings of its own.
    """
    CREATE TABLE page_settings (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        head TEXT NOT NULL,              -- that the settings are for
        settings TEXT NOT NULL,          -- JSON of the decode settings
        active INTEGER NOT NULL,         -- 0: only remembered
        UNIQUE (key, head)
    );
    """,
    # The JSON of pages, edits and ground truth ends with a line that holds its CRC-32; older rows have none.
    """
    SELECT 1;
    """,
    # What stands beside the JSON has a CRC-32, too, and comments have one; NULL in older rows.
    """
    ALTER TABLE pages ADD COLUMN seal INTEGER;         -- of key, revision, review, region_count
    ALTER TABLE edits ADD COLUMN seal INTEGER;         -- of key, revision, kind, label, at, whole
    ALTER TABLE comments ADD COLUMN seal INTEGER;      -- of key, x, y, text, author, at, resolved
    """,
)


def schema_version(connection: sqlite3.Connection) -> int:
    """The version the file has; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, scripts: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file to the newest version, each step whole or not at all.

    Raises:
        sqlite3.Error: a step failed; the file has the version before it.
    """
    for version in range(schema_version(connection), len(scripts)):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {scripts[version]}; PRAGMA user_version = {version + 1}; COMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
