"""SOC, Semantic-Assisted Object Cluster for referring video object segmentation.

Source: Luo et al., NeurIPS 2023, arXiv 2305.17011; written from the paper.

The axes, with one meaning everywhere in this folder:

| letter | axis |
|---|---|
| B | clips, one expression each |
| T | frames |
| Q | object queries per frame |
| L | words (sub-word tokens) |
| C | channels of a feature |
| S | pixels of all scales, flattened |
| H W | pixels; `h w` the same at a feature map's stride |
| K | decoder layers in `SOCOutput.layers` |

`model.py` reads as the paper's figure: video_swin -> text -> fusion -> encoder_decoder
(deformable_attention) -> object_cluster -> mask_head. `docs/soc.md` lists what differs from upstream.
"""
