"""Names and shapes of tensors in checkpoints of mmocr and TCM, from the public definitions of their modules.

A line is a name and a shape; {a,b} stands for each of a and b, and {1-3} for the numbers 1 to 3.
"""

import itertools
import re

NORM = "{weight,bias,running_mean,running_var}"

DBNET_NECK_AND_HEAD = f"""
neck.lateral_convs.0.conv.weight 256x64x1x1
neck.lateral_convs.1.conv.weight 256x128x1x1
neck.lateral_convs.2.conv.weight 256x256x1x1
neck.lateral_convs.3.conv.weight 256x512x1x1
neck.smooth_convs.{{0-3}}.conv.weight 64x256x3x3
bbox_head.{{binarize,threshold}}.0.weight 64x256x3x3
bbox_head.{{binarize,threshold}}.{{1,4}}.{NORM} 64
bbox_head.{{binarize,threshold}}.3.weight 64x64x2x2
bbox_head.{{binarize,threshold}}.3.bias 64
bbox_head.{{binarize,threshold}}.6.weight 64x1x2x2
bbox_head.{{binarize,threshold}}.6.bias 1
"""

PAN_NECK = f"""
neck.reduce_conv_c2.0.weight 128x64x1x1
neck.reduce_conv_c3.0.weight 128x128x1x1
neck.reduce_conv_c4.0.weight 128x256x1x1
neck.reduce_conv_c5.0.weight 128x512x1x1
neck.reduce_conv_c{{2-5}}.0.bias 128
neck.reduce_conv_c{{2-5}}.1.{NORM} 128
neck.fpems.{{0,1}}.{{up,down}}_add{{1-3}}.depthwise_conv.weight 128x1x3x3
neck.fpems.{{0,1}}.{{up,down}}_add{{1-3}}.depthwise_conv.bias 128
neck.fpems.{{0,1}}.{{up,down}}_add{{1-3}}.pointwise_conv.weight 128x128x1x1
neck.fpems.{{0,1}}.{{up,down}}_add{{1-3}}.pointwise_conv.bias 128
neck.fpems.{{0,1}}.{{up,down}}_add{{1-3}}.bn.{NORM} 128
"""
PAN_HEAD_OLD = """
bbox_head.out_conv.weight 6x512x1x1
bbox_head.out_conv.bias 6
"""
PAN_HEAD_NEW = f"""
det_head.conv1.weight 128x512x3x3
det_head.conv1.bias 128
det_head.bn1.{NORM} 128
det_head.conv2.weight 6x128x1x1
det_head.conv2.bias 6
"""

FCENET_NECK_AND_HEAD = """
neck.lateral_convs.0.conv.weight 256x512x1x1
neck.lateral_convs.1.conv.weight 256x1024x1x1
neck.lateral_convs.2.conv.weight 256x2048x1x1
neck.lateral_convs.{0-2}.conv.bias 256
neck.fpn_convs.{0-2}.conv.weight 256x256x3x3
neck.fpn_convs.{0-2}.conv.bias 256
det_head.out_conv_cls.weight 4x256x3x3
det_head.out_conv_cls.bias 4
det_head.out_conv_reg.weight 22x256x3x3
det_head.out_conv_reg.bias 22
"""

RESNET18 = f"""
backbone.conv1.weight 64x3x7x7
backbone.bn1.{NORM} 64
backbone.layer1.{{0,1}}.conv{{1,2}}.weight 64x64x3x3
backbone.layer1.{{0,1}}.bn{{1,2}}.{NORM} 64
backbone.layer2.0.conv1.weight 128x64x3x3
backbone.layer2.0.conv2.weight 128x128x3x3
backbone.layer2.1.conv{{1,2}}.weight 128x128x3x3
backbone.layer2.{{0,1}}.bn{{1,2}}.{NORM} 128
backbone.layer2.0.downsample.0.weight 128x64x1x1
backbone.layer2.0.downsample.1.{NORM} 128
backbone.layer3.0.conv1.weight 256x128x3x3
backbone.layer3.0.conv2.weight 256x256x3x3
backbone.layer3.1.conv{{1,2}}.weight 256x256x3x3
backbone.layer3.{{0,1}}.bn{{1,2}}.{NORM} 256
backbone.layer3.0.downsample.0.weight 256x128x1x1
backbone.layer3.0.downsample.1.{NORM} 256
backbone.layer4.0.conv1.weight 512x256x3x3
backbone.layer4.0.conv2.weight 512x512x3x3
backbone.layer4.1.conv{{1,2}}.weight 512x512x3x3
backbone.layer4.{{0,1}}.bn{{1,2}}.{NORM} 512
backbone.layer4.0.downsample.0.weight 512x256x1x1
backbone.layer4.0.downsample.1.{NORM} 512
"""

DEEP_STEM = f"""
backbone.stem.0.weight 64x3x3x3
backbone.stem.3.weight 64x64x3x3
backbone.stem.6.weight 128x64x3x3
backbone.stem.{{1,4}}.{NORM} 64
backbone.stem.7.{NORM} 128
"""

TCM_LANGUAGE = """
contexts 1x4x512
gamma 1024
vis_gamma
text_encoder.token_embedding.weight 49408x512
text_encoder.positional_embedding 18x512
text_encoder.text_projection 512x1024
text_encoder.ln_final.{weight,bias} 512
text_encoder.transformer.resblocks.{0-11}.attn.in_proj_weight 1536x512
text_encoder.transformer.resblocks.{0-11}.attn.in_proj_bias 1536
text_encoder.transformer.resblocks.{0-11}.attn.out_proj.weight 512x512
text_encoder.transformer.resblocks.{0-11}.attn.out_proj.bias 512
text_encoder.transformer.resblocks.{0-11}.ln_{1,2}.{weight,bias} 512
text_encoder.transformer.resblocks.{0-11}.mlp.c_fc.weight 2048x512
text_encoder.transformer.resblocks.{0-11}.mlp.c_fc.bias 2048
text_encoder.transformer.resblocks.{0-11}.mlp.c_proj.weight 512x2048
text_encoder.transformer.resblocks.{0-11}.mlp.c_proj.bias 512
prompt_generator.prompt_proj.{0,3}.{weight,bias} 1024
prompt_generator.prompt_proj.1.weight 1024x1024
prompt_generator.prompt_proj.1.bias 1024
prompt_generator.prompt_proj.4.weight 512x1024
prompt_generator.prompt_proj.4.bias 512
{context_decoder,visual_prompt_generator}.{memory,text}_proj.0.{weight,bias} 1024
{context_decoder,visual_prompt_generator}.{memory,text}_proj.1.weight 256x1024
{context_decoder,visual_prompt_generator}.{memory,text}_proj.1.bias 256
{context_decoder,visual_prompt_generator}.memory_proj.2.{weight,bias} 256
{context_decoder,visual_prompt_generator}.decoder.{0-2}.{self,cross}_attn.{q_,k_,v_,}proj.weight 256x256
{context_decoder,visual_prompt_generator}.decoder.{0-2}.{self,cross}_attn.proj.bias 256
{context_decoder,visual_prompt_generator}.decoder.{0-2}.norm{1-3}.{weight,bias} 256
{context_decoder,visual_prompt_generator}.decoder.{0-2}.mlp.0.weight 1024x256
{context_decoder,visual_prompt_generator}.decoder.{0-2}.mlp.0.bias 1024
{context_decoder,visual_prompt_generator}.decoder.{0-2}.mlp.3.weight 256x1024
{context_decoder,visual_prompt_generator}.decoder.{0-2}.mlp.3.bias 256
{context_decoder,visual_prompt_generator}.out_proj.0.{weight,bias} 256
{context_decoder,visual_prompt_generator}.out_proj.1.weight 1024x256
{context_decoder,visual_prompt_generator}.out_proj.1.bias 1024
"""

TCM_ATTENTION_POOL = """
backbone.attnpool.positional_embedding 401x2048
backbone.attnpool.{k,q,v}_proj.weight 2048x2048
backbone.attnpool.{k,q,v}_proj.bias 2048
backbone.attnpool.c_proj.weight 1024x2048
backbone.attnpool.c_proj.bias 1024
"""


def expanded(*tables):
    """Shapes by name."""
    shapes = {}
    for line in "".join(tables).split("\n"):
        if line:
            name, _, shape = line.partition(" ")
            for one in _names(name):
                shapes[one] = tuple(map(int, shape.split("x"))) if shape else ()
    return shapes


def _names(pattern):
    parts = re.split(r"\{(.*?)\}", pattern)
    choices = [[part] if index % 2 == 0 else _choices(part) for index, part in enumerate(parts)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def _choices(part):
    span = re.fullmatch(r"(\d+)-(\d+)", part)
    return [str(n) for n in range(int(span[1]), int(span[2]) + 1)] if span else part.split(",")
