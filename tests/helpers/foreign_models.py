"""Plain models under the names of mmocr, mmdet and TCM, made of torch's layers; no code of ours runs in them.

They follow the public module definitions: names and shapes of tensors, and what is computed.
"""

import torch
from torch import nn
from torch.nn import functional as f


def randomised(model, seed=0):
    """Random values that keep maps of a moderate size; norms and their statistics are random too."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            tensor.fill_(1234)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.ndim > 1:
            tensor.normal_(0, max(1, tensor[0].numel()) ** -0.5, generator=generator)
        elif name.endswith("weight"):
            tensor.uniform_(0.5, 1.0, generator=generator)
        else:
            tensor.normal_(0, 0.2, generator=generator)
    return model.eval()


class Block(nn.Module):
    """A basic block or a bottleneck; `style` says which convolution of the latter has the stride."""

    def __init__(self, inputs, planes, stride, *, bottleneck, style):
        super().__init__()
        outputs = 4 * planes if bottleneck else planes
        self.bottleneck = bottleneck
        if bottleneck:
            first, second = (stride, 1) if style == "caffe" else (1, stride)
            self.conv1 = nn.Conv2d(inputs, planes, 1, first, bias=False)
            self.conv2 = nn.Conv2d(planes, planes, 3, second, 1, bias=False)
            self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(outputs)
        else:
            self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
            self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(planes), nn.BatchNorm2d(planes)
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        out = f.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.bottleneck:
            out = self.bn3(self.conv3(f.relu(out)))
        return f.relu(out + (self.downsample(x) if hasattr(self, "downsample") else x))


class ClipBlock(nn.Module):
    """CLIP's bottleneck: pooling in place of strides; with `pool_counts` the shortcut's has a number."""

    def __init__(self, inputs, planes, stride, *, pool_counts):
        super().__init__()
        self.stride = stride
        self.pool_counts = pool_counts
        self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, 4 * planes, 1, bias=False), nn.BatchNorm2d(4 * planes)
        if stride != 1 or inputs != 4 * planes:
            layers = [nn.Conv2d(inputs, 4 * planes, 1, bias=False), nn.BatchNorm2d(4 * planes)]
            self.downsample = nn.Sequential(*([nn.AvgPool2d(stride)] if pool_counts else []), *layers)

    def forward(self, x):
        out = f.relu(self.bn1(self.conv1(x)))
        out = f.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(f.avg_pool2d(out, self.stride)))
        if hasattr(self, "downsample"):
            x = self.downsample(x if self.pool_counts else f.avg_pool2d(x, self.stride))
        return f.relu(out + x)


def _stages(make, blocks, inputs, expansion):
    stages = []
    for index, count in enumerate(blocks):
        planes, layers = 64 * 2**index, []
        for block in range(count):
            layers.append(make(inputs, planes, 2 if index and not block else 1))
            inputs = planes * expansion
        stages.append(nn.Sequential(*layers))
    return stages


class ResNet(nn.Module):
    """mmdet's ResNet: 18 or 50 layers, a plain or a deep stem."""

    def __init__(self, depth, *, deep_stem=0, style="pytorch"):
        super().__init__()
        bottleneck, blocks = depth >= 50, {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}[depth]
        if deep_stem:
            self.stem = _deep_stem(deep_stem // 2, deep_stem)
        else:
            self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.layer1, self.layer2, self.layer3, self.layer4 = _stages(
            lambda i, p, s: Block(i, p, s, bottleneck=bottleneck, style=style),
            blocks,
            deep_stem or 64,
            4 if bottleneck else 1,
        )

    def forward(self, x):
        x = self.stem(x) if hasattr(self, "stem") else f.relu(self.bn1(self.conv1(x)))
        x = f.max_pool2d(x, 3, 2, 1)
        stages = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            stages.append(x)
        return stages


def _deep_stem(inner, outputs):
    layers = []
    for inputs, width, stride in ((3, inner, 2), (inner, inner, 1), (inner, outputs, 1)):
        layers += [nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers)


class ClipResNet(nn.Module):
    """CLIP's RN50 under mmocr's names (a stem in one sequence) or under TCM's."""

    def __init__(self, *, mmocr_names):
        super().__init__()
        if mmocr_names:
            self.stem = _deep_stem(32, 64)
        else:
            for number, (inputs, width, stride) in enumerate(((3, 32, 2), (32, 32, 1), (32, 64, 1)), 1):
                setattr(self, f"conv{number}", nn.Conv2d(inputs, width, 3, stride, 1, bias=False))
                setattr(self, f"bn{number}", nn.BatchNorm2d(width))
        self.layer1, self.layer2, self.layer3, self.layer4 = _stages(
            lambda i, p, s: ClipBlock(i, p, s, pool_counts=mmocr_names), (3, 4, 6, 3), 64, 4
        )

    def forward(self, x):
        if hasattr(self, "stem"):
            x = self.stem(x)
        else:
            for conv, bn in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
                x = f.relu(bn(conv(x)))
        x = f.avg_pool2d(x, 2)
        stages = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            stages.append(x)
        return stages


class Conv(nn.Module):
    """A convolution that hangs on a module of its own, as mmcv's."""

    def __init__(self, *arguments, **options):
        super().__init__()
        self.conv = nn.Conv2d(*arguments, **options)

    def forward(self, x):
        return self.conv(x)


class Fpnc(nn.Module):
    """mmocr's neck of DBNet."""

    def __init__(self, channels, width):
        super().__init__()
        self.lateral_convs = nn.ModuleList(Conv(c, width, 1, bias=False) for c in channels)
        self.smooth_convs = nn.ModuleList(Conv(width, width // 4, 3, padding=1, bias=False) for _ in channels)

    def forward(self, stages):
        levels = [conv(stage) for conv, stage in zip(self.lateral_convs, stages, strict=True)]
        for i in (3, 2, 1):
            levels[i - 1] = levels[i - 1] + f.interpolate(levels[i], size=levels[i - 1].shape[2:])
        smooth = [conv(level) for conv, level in zip(self.smooth_convs, levels, strict=True)]
        return torch.cat([f.interpolate(level, size=smooth[0].shape[2:]) for level in smooth], 1)


class DbHead(nn.Module):
    """mmocr's head of DBNet; gives probabilities."""

    def __init__(self, width, *, with_bias=False):
        super().__init__()
        self.binarize = self._branch(width, with_bias)
        self.threshold = self._branch(width, False)

    @staticmethod
    def _branch(width, bias):
        inner = width // 4
        return nn.Sequential(
            nn.Conv2d(width, inner, 3, padding=1, bias=bias),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.ConvTranspose2d(inner, inner, 2, 2),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.ConvTranspose2d(inner, 1, 2, 2),
            nn.Sigmoid(),
        )

    def forward(self, features):
        return self.binarize(features), self.threshold(features)


class SeparableConv(nn.Module):
    """A depthwise and a pointwise convolution, both with biases."""

    def __init__(self, width, stride):
        super().__init__()
        self.depthwise_conv = nn.Conv2d(width, width, 3, stride, 1, groups=width)
        self.pointwise_conv = nn.Conv2d(width, width, 1)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x):
        return f.relu(self.bn(self.pointwise_conv(self.depthwise_conv(x))))


class Fpem(nn.Module):
    """One enhancement module."""

    def __init__(self, width):
        super().__init__()
        for number in (1, 2, 3):
            setattr(self, f"up_add{number}", SeparableConv(width, 1))
            setattr(self, f"down_add{number}", SeparableConv(width, 2))

    def forward(self, c2, c3, c4, c5):
        def joined(coarse, fine):
            return f.interpolate(coarse, size=fine.shape[2:]) + fine

        c4 = self.up_add1(joined(c5, c4))
        c3 = self.up_add2(joined(c4, c3))
        c2 = self.up_add3(joined(c3, c2))
        c3 = self.down_add1(joined(c3, c2))
        c4 = self.down_add2(joined(c4, c3))
        c5 = self.down_add3(joined(c5, c4))
        return c2, c3, c4, c5


class FpemFfm(nn.Module):
    """mmocr's neck of PAN."""

    def __init__(self, channels, width, modules=2):
        super().__init__()
        for number, inputs in enumerate(channels, 2):
            reduction = nn.Sequential(nn.Conv2d(inputs, width, 1), nn.BatchNorm2d(width), nn.ReLU())
            setattr(self, f"reduce_conv_c{number}", reduction)
        self.fpems = nn.ModuleList(Fpem(width) for _ in range(modules))

    def forward(self, stages):
        levels = [getattr(self, f"reduce_conv_c{n}")(stage) for n, stage in enumerate(stages, 2)]
        total = None
        for module in self.fpems:
            levels = module(*levels)
            total = levels if total is None else [a + b for a, b in zip(total, levels, strict=True)]
        size = total[0].shape[2:]
        larger = [f.interpolate(level, size, mode="bilinear", align_corners=False) for level in total[1:]]
        return torch.cat([total[0], *larger], 1)


class PanHeadOld(nn.Module):
    """mmocr 0.x: one convolution."""

    def __init__(self, width):
        super().__init__()
        self.out_conv = nn.Conv2d(4 * width, 6, 1)

    def forward(self, features):
        return self.out_conv(features)


class PanHeadNew(nn.Module):
    """mmocr 1.x: two convolutions."""

    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(4 * width, width, 3, padding=1), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, 6, 1)

    def forward(self, features):
        return self.conv2(f.relu(self.bn1(self.conv1(features))))


class Fpn(nn.Module):
    """mmdet's feature pyramid over the last three stages."""

    def __init__(self, channels, width):
        super().__init__()
        self.lateral_convs = nn.ModuleList(Conv(c, width, 1) for c in channels[1:])
        self.fpn_convs = nn.ModuleList(Conv(width, width, 3, padding=1) for _ in channels[1:])

    def forward(self, stages):
        levels = [conv(stage) for conv, stage in zip(self.lateral_convs, stages[1:], strict=True)]
        for i in (2, 1):
            levels[i - 1] = levels[i - 1] + f.interpolate(levels[i], size=levels[i - 1].shape[2:])
        return [conv(level) for conv, level in zip(self.fpn_convs, levels, strict=True)]


class FceHead(nn.Module):
    """mmocr's head of FCENet: pairs of classes and coefficients."""

    def __init__(self, width, degree):
        super().__init__()
        self.out_conv_cls = nn.Conv2d(width, 4, 3, padding=1)
        self.out_conv_reg = nn.Conv2d(width, 2 * (2 * degree + 1), 3, padding=1)

    def forward(self, levels):
        return [(self.out_conv_cls(level), self.out_conv_reg(level)) for level in levels]


class Detector(nn.Module):
    """Backbone, neck and head; the head's name tells mmocr's generations apart."""

    def __init__(self, backbone, neck, head, *, head_name="bbox_head"):
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.head_name = head_name
        setattr(self, head_name, head)

    def forward(self, images):
        return getattr(self, self.head_name)(self.neck(self.backbone(images)))


CHANNELS = {18: (64, 128, 256, 512), 50: (256, 512, 1024, 2048)}


def method_parts(method, channels, *, width=None, new_head=False, with_bias=False, degree=5):
    """Neck and head of a method."""
    if method == "db":
        return Fpnc(channels, width or 256), DbHead(width or 256, with_bias=with_bias)
    if method == "pan":
        return FpemFfm(channels, width or 128), (PanHeadNew if new_head else PanHeadOld)(width or 128)
    return Fpn(channels, width or 256), FceHead(width or 256, degree)


def mmocr_detector(method, *, depth=18, new=False, width=64, degree=5, with_bias=False, **backbone):
    """A detector of mmocr 0.x, or 1.x with `new`, with random weights."""
    parts = method_parts(
        method, CHANNELS[depth], width=width, new_head=new, degree=degree, with_bias=with_bias
    )
    return randomised(
        Detector(ResNet(depth, **backbone), *parts, head_name="det_head" if new else "bbox_head")
    )
