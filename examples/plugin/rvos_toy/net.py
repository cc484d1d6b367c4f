"""The network: a pixel belongs to the object if its colour fits the words."""

import zlib

import torch
from torch import nn

from rvosbench.types import Segmentation


class ToyNet(nn.Module):
    def __init__(self, words, seed):
        super().__init__()
        self.words = nn.EmbeddingBag(words, 9)
        self.colours = nn.Conv2d(3, 9, 1)

    def forward(self, frames, text):
        """(T, H, W, 3) uint8 -> (T, H, W) logits."""
        hashed = [zlib.crc32(word.encode()) % self.words.num_embeddings for word in text.split()]
        words = self.words(torch.tensor([hashed], device=frames.device))[0]
        colours = self.colours(frames.permute(0, 3, 1, 2) / 255)
        return torch.einsum("tchw,c->thw", colours, words)

    def losses(self, batch):
        clips = zip(batch.frames, batch.expressions, strict=True)
        logits = torch.stack([self(frames, text)[list(batch.wanted)] for frames, text in clips])
        truth = torch.stack([target.masks[target.referred] for target in batch.targets])
        return {"bce": nn.functional.binary_cross_entropy_with_logits(logits, truth.float())}

    @torch.no_grad()
    def segment(self, clip, expressions, candidates=1):
        frames = torch.from_numpy(clip.frames[list(clip.wanted)])
        answers = [self(frames.to(self.words.weight.device), text).cpu().numpy() for text in expressions]
        return [Segmentation(masks=answer[None] > 0, scores=answer.max()[None]) for answer in answers]


def save(net, folder):
    folder.mkdir()
    torch.save(net.state_dict(), folder / "weights.pt")


def load(checkpoint, request):
    state = torch.load(checkpoint / "weights.pt", weights_only=True)
    net = ToyNet(len(state["words.weight"]), request.seed)
    net.load_state_dict(state)
    return net.to(request.device).eval()
