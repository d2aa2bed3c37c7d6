"""The 38 zero-shot tasks of OpenCLIP's table of results: what each measures, and on how many images.

The table says neither. It was made with DataComp's evaluation: Samir Yitzhak Gadre et al., *DataComp: In search of the
next generation of multimodal datasets*, NeurIPS 2023 (arXiv:2304.14108), whose task list (``tasklist.yml`` of
mlfoundations/datacomp, commit 2d7bde7) names the size of every task, and its main metric where that is not top-1
accuracy.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from types import MappingProxyType

from zoograph.data.errors import UnknownName
from zoograph.data.records.records import Metric


@dataclass(frozen=True)
class OpenClipTask:
    """One column of the table.

    Attributes:
        test_size: images that the value was measured on.
        metric: what the value is.
        detail: how the metric is meant where its name says too little.
    """

    test_size: int
    metric: Metric = Metric.TOP1
    detail: str | None = None


_RECALL = "recall at 1, mean of image to text and text to image"

OPENCLIP_TASKS = MappingProxyType(
    {
        "ImageNet 1k": OpenClipTask(50_000),
        "Caltech-101": OpenClipTask(6_085, Metric.MEAN_PER_CLASS),
        "CIFAR-10": OpenClipTask(10_000),
        "CIFAR-100": OpenClipTask(10_000),
        "CLEVR Counts": OpenClipTask(15_000),
        "CLEVR Distance": OpenClipTask(15_000),
        "Country211": OpenClipTask(21_100),
        "Describable Textures": OpenClipTask(1_880),
        "EuroSAT": OpenClipTask(5_400),
        "FGVC Aircraft": OpenClipTask(3_333, Metric.MEAN_PER_CLASS),
        "Food-101": OpenClipTask(25_250),
        "GTSRB": OpenClipTask(12_630),
        "ImageNet Sketch": OpenClipTask(50_889),
        "ImageNet v2": OpenClipTask(10_000),
        "ImageNet-A": OpenClipTask(7_500),
        "ImageNet-O": OpenClipTask(2_000),
        "ImageNet-R": OpenClipTask(30_000),
        "KITTI Vehicle Distance": OpenClipTask(711),
        "MNIST": OpenClipTask(10_000),
        "ObjectNet": OpenClipTask(18_574),
        "Oxford Flowers-102": OpenClipTask(6_149, Metric.MEAN_PER_CLASS),
        "Oxford-IIIT Pet": OpenClipTask(3_669, Metric.MEAN_PER_CLASS),
        "Pascal VOC 2007": OpenClipTask(14_976, detail="objects cut out of the test images, one label each"),
        "PatchCamelyon": OpenClipTask(32_768),
        "Rendered SST2": OpenClipTask(1_821),
        "RESISC45": OpenClipTask(6_300),
        "Stanford Cars": OpenClipTask(8_041),
        "STL-10": OpenClipTask(8_000),
        "SUN397": OpenClipTask(108_754),
        "SVHN": OpenClipTask(26_032),
        "Flickr": OpenClipTask(31_014, Metric.RECALL, _RECALL),
        "MSCOCO": OpenClipTask(5_000, Metric.RECALL, _RECALL),
        "WinoGAViL": OpenClipTask(3_563, Metric.JACCARD, "among 10 and 12 candidates"),
        "iWildCam": OpenClipTask(42_791, Metric.F1, "mean over classes"),
        "Camelyon17": OpenClipTask(85_054),
        "FMoW": OpenClipTask(22_108, Metric.WORST_GROUP, "top-1 accuracy in the worst region"),
        "Dollar Street": OpenClipTask(3_503, Metric.WORST_GROUP, "top-5 accuracy in the worst group of incomes"),
        "GeoDE": OpenClipTask(12_488, Metric.WORST_GROUP, "top-1 accuracy in the worst region"),
    }
)


def find_openclip_task(name: str) -> OpenClipTask:
    """Return what a column of the table measures.

    Raises:
        UnknownName: if it is none of the 38 tasks.
    """
    if name not in OPENCLIP_TASKS:
        nearest = difflib.get_close_matches(name.upper(), {task.upper(): task for task in OPENCLIP_TASKS}, n=3)
        raise UnknownName("task", name, [task for task in OPENCLIP_TASKS if task.upper() in nearest])
    return OPENCLIP_TASKS[name]
