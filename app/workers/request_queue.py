"""What waits for the network: the open page before pages that are seen, those before all others. No Qt."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import chain, islice
from typing import Final

from app.workers.messages import DetectRequest, Priority, at_scale

Identity = tuple[str, str]
"""Page, and checkpoint at its scale."""

_NEWEST_FIRST: Final = (Priority.OPEN, Priority.VISIBLE)


def identity_of(request: DetectRequest) -> Identity:
    """What a newer request must share to supersede this one."""
    look = "mirrored " if request.mirrored else ""
    return request.key, look + at_scale(request.checkpoint, request.scale)


class RequestQueue:
    """Of a page and a checkpoint at a scale at most one request waits: the newest."""

    def __init__(self) -> None:
        self._lanes: dict[Priority, OrderedDict[Identity, DetectRequest]] = {
            priority: OrderedDict() for priority in Priority
        }
        self._lane_of: dict[Identity, Priority] = {}

    def __len__(self) -> int:
        return len(self._lane_of)

    def add(self, requests: Iterable[DetectRequest]) -> None:
        """Queue requests; one that supersedes another is at least as urgent as that was.

        Of the open page and of pages that are seen, those asked for last go first; the others keep their
        order.
        """
        pressing: list[DetectRequest] = []
        for request in requests:
            if self._priority_of(request) in _NEWEST_FIRST:
                pressing.append(request)
            else:
                self._put(request)
        for request in reversed(pressing):
            self._put(request)
            lane = self._lane_of[identity_of(request)]
            self._lanes[lane].move_to_end(identity_of(request), last=False)

    def pop(self, open_only: bool = False) -> DetectRequest | None:
        """Take out what is to be done next; None when nothing is.

        Args:
            open_only: the queue is paused: all but the open page waits.
        """
        for priority, lane in self._lanes.items():
            if lane and (priority == Priority.OPEN or not open_only):
                identity, request = lane.popitem(last=False)
                del self._lane_of[identity]
                return request
        return None

    def has_work(self, open_only: bool = False) -> bool:
        """Whether `pop` would give something."""
        return bool(self._lanes[Priority.OPEN]) if open_only else bool(self._lane_of)

    def coming(self, count: int) -> list[DetectRequest]:
        """What is to be done next, which stays."""
        return list(islice(chain.from_iterable(lane.values() for lane in self._lanes.values()), count))

    def promote(self, numbers: Collection[int], priority: Priority) -> None:
        """Let requests that wait go as soon as the priority says, unless they go sooner."""
        waiting = [one for lane in self._lanes.values() for one in lane.values() if one.number in numbers]
        self.add([replace(one, priority=priority) for one in waiting])

    def forget(self, numbers: Collection[int]) -> None:
        """Take requests out by their numbers."""
        for lane in self._lanes.values():
            for identity in [identity for identity, one in lane.items() if one.number in numbers]:
                del lane[identity]
                del self._lane_of[identity]

    def clear(self) -> None:
        """Take out everything."""
        for lane in self._lanes.values():
            lane.clear()
        self._lane_of.clear()

    def _priority_of(self, request: DetectRequest) -> Priority:
        waiting = self._lane_of.get(identity_of(request))
        return request.priority if waiting is None else min(waiting, request.priority)

    def _put(self, request: DetectRequest) -> None:
        identity, priority = identity_of(request), self._priority_of(request)
        before = self._lane_of.get(identity)
        if before is not None and before != priority:
            del self._lanes[before][identity]
        self._lanes[priority][identity] = request  # keeps the place of the one that it supersedes
        self._lane_of[identity] = priority
