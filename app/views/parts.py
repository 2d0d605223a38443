"""What the composition root hands to the window: the services, the shared selection, and the settings."""

from dataclasses import dataclass

from app.document.selection import Selection
from app.services.detection import DetectionService
from app.services.export import ExportService
from app.services.finetune import FinetuneService
from app.services.finetune_recheck import DetectorFactory
from app.services.importing import ImportService
from app.services.workspace import Workspace
from app.settings.store import Home, SettingsStore
from app.workers.gpu_thread import GpuThread
from app.workers.image_pool import ImagePool


@dataclass(frozen=True)
class Parts:
    """Made once at the start, alive until the end."""

    workspace: Workspace
    detection: DetectionService
    export: ExportService
    importing: ImportService
    images: ImagePool
    selection: Selection
    settings: SettingsStore
    home: Home
    finetune: FinetuneService
    predictor_factory: DetectorFactory
    gpu: GpuThread
