"""Which rounding of the CPU's 8-bit form costs how much: each alone, emulated in torch over a Hugging Face LLaMA.

    python eight_bit_causes.py FOLDER

Prints, for two texts, the mean distance of the tokens' log-probabilities from fp32 (nats a token) and the mean
Kullback-Leibler divergence of the distributions of the next token. What it finds stands in
docs/results/eight-bit-causes.md.
"""

import math
import sys

import torch
import transformers.models.llama.modeling_llama as llama
from transformers import AutoModelForCausalLM, AutoTokenizer

STORY = (
    "Once upon a time there was a little girl who lived in a small house near the sea. Every morning she went down to "
    "the water to look for shells. One day she found a bottle with a letter in it. The letter was old and wet, but she "
    'could still read some of the words: "Whoever finds this," it said, "please come to the island and bring a light." '
)
MIXED = (
    "The French Revolution began in 1789. Historians disagree about its causes, but most point to a financial crisis, a "
    "rigid social order, and the spread of Enlightenment ideas. In chemistry, water (H2O) consists of two hydrogen atoms "
    "bound to one oxygen atom. def factorial(n):\n    return 1 if n == 0 else n * factorial(n - 1)\n\nThe quick brown "
    "fox jumps over the lazy dog; meanwhile, stock markets fell 3.5% on Tuesday."
)
PARTS = {
    "qkv": ("q_proj", "k_proj", "v_proj"),
    "attention output": ("o_proj",),
    "gateUp": ("gate_proj", "up_proj"),
    "down": ("down_proj",),
    "LM head": ("lm_head",),
}
ALL = tuple(PARTS)


def symmetric(x):
    """Rows in steps of a 127th of their largest magnitude."""
    step = x.abs().amax(-1, keepdim=True) / 127
    return torch.where(step > 0, torch.round(x / step) * step, x)


def centred(x):
    """Rows in 255 steps between their lowest and highest value."""
    low = x.amin(-1, keepdim=True)
    step = (x.amax(-1, keepdim=True) - low) / 255
    return torch.round((x - low) / step) * step + low


def turned(x, size):
    """Rows times blocks of a Hadamard matrix, which is its own inverse."""
    matrix = torch.ones(1, 1)
    while len(matrix) < size:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return (x.reshape(-1, size) @ (matrix / math.sqrt(size))).reshape(x.shape)


class Study:
    def __init__(self, folder):
        self.model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        head = self.model.lm_head
        head.weight = torch.nn.Parameter(head.weight.detach().clone())
        self.linear = [(part, module) for name, module in self.model.named_modules() for part in self.part(name)]
        self.originals = [module.weight.detach().clone() for _, module in self.linear]
        self.embedding = self.model.model.embed_tokens.weight.detach().clone()
        self.limits = [self.limit(layer) for layer in self.model.model.layers]
        for part, module in self.linear:
            module.register_forward_pre_hook(lambda _, inputs, part=part: (self.activation(part, inputs[0]),))
        llama.eager_attention_forward = self.attention
        tokenizer = AutoTokenizer.from_pretrained(folder)
        self.texts = [
            torch.tensor([tokenizer(text)["input_ids"][:count]]) for text, count in ((STORY, 64), (MIXED, 96))
        ]
        self.set()
        self.references = [self.log_probabilities(text) for text in self.texts]

    @staticmethod
    def part(name):
        return [part for part, ends in PARTS.items() if name.endswith(ends)]

    def limit(self, layer):
        """The power of two of value-limit.ts."""
        value = layer.self_attn.v_proj.weight * layer.input_layernorm.weight
        bound = value.norm(dim=1).max() * math.sqrt(value.shape[1]) * 1.02
        return 2 ** math.ceil(math.log2(bound))

    def set(self, weights=(), activations=(), embedding=False, values=False, shares=False, rotated=None):
        self.activations, self.values, self.shares = activations, values, shares
        self.rotated = {} if rotated is None else rotated
        for (part, module), original in zip(self.linear, self.originals):
            module.weight.data = self.inside(part, original, symmetric) if part in weights else original.clone()
        table = self.model.model.embed_tokens.weight
        table.data = symmetric(self.embedding) if embedding else self.embedding.clone()

    def inside(self, part, x, rounding):
        size = self.rotated.get(part)
        return rounding(x) if size is None else turned(rounding(turned(x, size)), size)

    def activation(self, part, x):
        if part not in self.activations:
            return x
        return self.inside(part, x, centred if part == "down" and part not in self.rotated else symmetric)

    def attention(self, module, query, key, value, mask, scaling, dropout=0.0, **_):
        """exact-attention.ts: values in 2^11 steps of the limit, weights in 6,144 steps."""
        key, value = (llama.repeat_kv(x, module.num_key_value_groups) for x in (key, value))
        scores = query @ key.transpose(2, 3) * scaling
        scores = scores + (torch.full(scores.shape[-2:], -1e9).triu(1) if mask is None else mask)
        weights = torch.softmax(scores.double(), -1)
        if self.shares:
            steps = 4096 * torch.exp((scores - scores.amax(-1, keepdim=True)).double())
            weights = torch.round(steps * (6144 / torch.round(steps).sum(-1, keepdim=True))) / 6144
        if self.values:
            step = self.limits[module.layer_idx] / 2048
            value = torch.round(value / step).clamp(-2048, 2048) * step
        return (weights.float() @ value).transpose(1, 2).contiguous(), weights.float()

    @torch.no_grad()
    def log_probabilities(self, text):
        return torch.log_softmax(self.model(text).logits.double()[0], -1)

    def line(self, label, **what):
        self.set(**what)
        cells = []
        for text, expected in zip(self.texts, self.references):
            found = self.log_probabilities(text)
            places = torch.arange(text.shape[1] - 1)
            difference = (found - expected)[places, text[0, 1:]].abs().mean().item()
            divergence = (expected.exp() * (expected - found)).sum(-1).mean().item()
            cells += [f"{difference:.3f}", f"{divergence:.4f}"]
        print("| " + " | ".join([label, *cells]) + " |", flush=True)


def main(folder):
    study = Study(folder)
    whole = dict(weights=ALL, activations=ALL, embedding=True, values=True, shares=True)
    study.line("everything", **whole)
    study.line("all weights", weights=ALL)
    for part in ALL:
        study.line(f"weights of {part}", weights=(part,))
    study.line("all activations", activations=ALL)
    for part in ALL:
        study.line(f"activations into {part}", activations=(part,))
    study.line("embedding", embedding=True)
    study.line("values of attention", values=True)
    study.line("weights of attention", shares=True)
    study.line("everything but activations", **{**whole, "activations": ()})
    inner = ("qkv", "gateUp", "down")
    for size, parts in ((16, inner), (64, inner), (16, ALL), (64, ALL)):
        label = f"everything, blocks of {size}: {'all' if parts == ALL else ', '.join(parts)}"
        study.line(label, **whole, rotated={part: size for part in parts})


main(sys.argv[1])
