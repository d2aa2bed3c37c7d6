"""Repositories of the Hugging Face hub that hold the very weights that timm publishes under a name of its own.

Each pair has the same number of parameters and the same input size. Who converted whose weights is stated in the
conversion scripts of transformers (``models/*/convert_*_to_pytorch.py``): ConvNeXt and BEiT from the files of their
authors, as timm did; ViT, DeiT, Swin and ResNet from timm's own default weights of the day, which for Swin-B and
Swin-L were those of ImageNet-22k fine-tuned on ImageNet, and for ResNet-50 those of the recipe A1.
"""

from __future__ import annotations

from collections.abc import Mapping

HUB_COPIES: Mapping[str, str] = {
    "facebook/convnext-tiny-224": "convnext_tiny.fb_in1k",
    "facebook/convnext-small-224": "convnext_small.fb_in1k",
    "facebook/convnext-base-224": "convnext_base.fb_in1k",
    "facebook/convnext-base-224-22k": "convnext_base.fb_in22k",
    "facebook/convnext-base-224-22k-1k": "convnext_base.fb_in22k_ft_in1k",
    "facebook/convnext-base-384-22k-1k": "convnext_base.fb_in22k_ft_in1k_384",
    "facebook/convnext-large-224": "convnext_large.fb_in1k",
    "facebook/convnext-large-224-22k": "convnext_large.fb_in22k",
    "facebook/convnext-large-224-22k-1k": "convnext_large.fb_in22k_ft_in1k",
    "facebook/convnext-large-384-22k-1k": "convnext_large.fb_in22k_ft_in1k_384",
    "facebook/convnext-xlarge-224-22k": "convnext_xlarge.fb_in22k",
    "facebook/convnext-xlarge-224-22k-1k": "convnext_xlarge.fb_in22k_ft_in1k",
    "facebook/deit-tiny-patch16-224": "deit_tiny_patch16_224.fb_in1k",
    "facebook/deit-tiny-distilled-patch16-224": "deit_tiny_distilled_patch16_224.fb_in1k",
    "facebook/deit-small-patch16-224": "deit_small_patch16_224.fb_in1k",
    "facebook/deit-small-distilled-patch16-224": "deit_small_distilled_patch16_224.fb_in1k",
    "facebook/deit-base-patch16-224": "deit_base_patch16_224.fb_in1k",
    "facebook/deit-base-patch16-384": "deit_base_patch16_384.fb_in1k",
    "facebook/deit-base-distilled-patch16-224": "deit_base_distilled_patch16_224.fb_in1k",
    "facebook/deit-base-distilled-patch16-384": "deit_base_distilled_patch16_384.fb_in1k",
    "google/vit-base-patch16-224": "vit_base_patch16_224.orig_in21k_ft_in1k",
    "google/vit-base-patch16-384": "vit_base_patch16_384.orig_in21k_ft_in1k",
    "google/vit-large-patch32-384": "vit_large_patch32_384.orig_in21k_ft_in1k",
    "microsoft/beit-base-patch16-224": "beit_base_patch16_224.in22k_ft_in22k_in1k",
    "microsoft/beit-base-patch16-224-pt22k-ft22k": "beit_base_patch16_224.in22k_ft_in22k",
    "microsoft/beit-base-patch16-384": "beit_base_patch16_384.in22k_ft_in22k_in1k",
    "microsoft/beit-large-patch16-224": "beit_large_patch16_224.in22k_ft_in22k_in1k",
    "microsoft/beit-large-patch16-224-pt22k-ft22k": "beit_large_patch16_224.in22k_ft_in22k",
    "microsoft/beit-large-patch16-384": "beit_large_patch16_384.in22k_ft_in22k_in1k",
    "microsoft/resnet-50": "resnet50.a1_in1k",
    "microsoft/swin-tiny-patch4-window7-224": "swin_tiny_patch4_window7_224.ms_in1k",
    "microsoft/swin-small-patch4-window7-224": "swin_small_patch4_window7_224.ms_in1k",
    "microsoft/swin-base-patch4-window7-224": "swin_base_patch4_window7_224.ms_in22k_ft_in1k",
    "microsoft/swin-base-patch4-window7-224-in22k": "swin_base_patch4_window7_224.ms_in22k",
    "microsoft/swin-base-patch4-window12-384": "swin_base_patch4_window12_384.ms_in22k_ft_in1k",
    "microsoft/swin-base-patch4-window12-384-in22k": "swin_base_patch4_window12_384.ms_in22k",
    "microsoft/swin-large-patch4-window7-224": "swin_large_patch4_window7_224.ms_in22k_ft_in1k",
    "microsoft/swin-large-patch4-window7-224-in22k": "swin_large_patch4_window7_224.ms_in22k",
    "microsoft/swin-large-patch4-window12-384": "swin_large_patch4_window12_384.ms_in22k_ft_in1k",
    "microsoft/swin-large-patch4-window12-384-in22k": "swin_large_patch4_window12_384.ms_in22k",
}
