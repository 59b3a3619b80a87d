"""What transformers and llama.cpp make of a GGUF file: ids of texts, logits, greedy answers.

Run: python gguf_model.py MODEL.gguf ASKED.json ANSWERED.json LOGITS.bin
"""

import json
import sys
import tempfile
from pathlib import Path

import llama_cpp

import numpy as np
import torch
from llama_cpp import Llama
from tokenizers import Tokenizer, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

model, asked, answered, logits = sys.argv[1:]
place = {"pretrained_model_name_or_path": str(Path(model).parent), "gguf_file": Path(model).name}
question = json.loads(Path(asked).read_text())

tokenizer = AutoTokenizer.from_pretrained(**place)
written = Tokenizer.from_file(question["tokenizerFile"])
published = Tokenizer.from_file(question["tokenizerFile"])
if question["isSmolLm"]:
    # As the tokenizer.json has it that SmolLM2 was published with.
    published.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
llama = Llama(model, n_ctx=1024, n_batch=512, n_threads=1, n_threads_batch=1, logits_all=False, verbose=False)


def in_fp32(folder):
    """The model with its weights written out, of which llama.cpp computes without rounding what goes into a product."""
    file = str(Path(folder) / "fp32.gguf")
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = llama_cpp.LLAMA_FTYPE_ALL_F32
    parameters.allow_requantize = True
    if llama_cpp.llama_model_quantize(model.encode(), file.encode(), parameters) != 0:
        raise RuntimeError("llama.cpp did not write the model in fp32")
    return Llama(file, n_ctx=1024, n_threads=1, n_threads_batch=1, verbose=False, type_k=0, type_v=0, flash_attn=False)


def greedy(llama, prompt):
    """Ids of llama.cpp's likeliest tokens after the prompt, with the logits of each step."""
    llama.reset()
    llama.eval(prompt)
    steps = []
    for _ in range(question["newTokens"]):
        scores = np.ctypeslib.as_array(llama._ctx.get_logits_ith(-1), shape=(llama.n_vocab(),)).copy()
        token = int(scores.argmax())
        steps.append((token, scores))
        if token == llama.token_eos():
            break
        llama.eval([token])
    return steps


with tempfile.TemporaryDirectory() as folder:
    plain = in_fp32(folder)

answers = []
for conversation in question["conversations"]:
    text = tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
    prompt = llama.tokenize(text.encode(), add_bos=False, special=True)
    steps = greedy(llama, prompt)
    answers.append({
        "text": text,
        "prompt": prompt,
        "tokens": [token for token, _ in steps],
        "inFp32": [token for token, _ in greedy(plain, prompt)],
        # The likeliest ten of each step, by which a difference can be explained.
        "best": [[[int(i), float(scores[i])] for i in np.argsort(-scores)[:10]] for _, scores in steps],
    })

causal = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32, attn_implementation="eager").eval()
with torch.no_grad():
    found = causal(torch.tensor([question["logitTokens"]])).logits[0].float().numpy()
found.astype(np.float32).tofile(logits)

Path(answered).write_text(json.dumps({
    "transformers": [tokenizer.encode(text, add_special_tokens=False) for text in question["texts"]],
    "written": [written.encode(text, add_special_tokens=False).ids for text in question["texts"]],
    "published": [published.encode(text, add_special_tokens=False).ids for text in question["texts"]],
    "llamaCpp": [llama.tokenize(text.encode(), add_bos=False, special=True) for text in question["texts"]],
    "answers": answers,
}))
