"""Writes a tiny llama model with made-up weights, so that tests run a real llama.cpp server in a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType

WIDTH, HEADS, DEEP, FEED, CONTEXT = 32, 2, 1, 64, 4_096
TEMPLATE = """\
{%- if tools %}<|im_start|>system
{%- if messages[0].role == 'system' %}
{{ messages[0].content }}
{%- endif %}
# Tools
<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools>
Answer with <tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call><|im_end|>
{%- elif messages[0].role == 'system' %}<|im_start|>system
{{ messages[0].content }}<|im_end|>
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' or message.role == 'assistant' and not message.tool_calls %}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{%- elif message.role == 'assistant' %}
<|im_start|>assistant
{%- if message.content %}
{{ message.content }}
{%- endif %}
{%- for call in message.tool_calls %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{%- elif message.role == 'tool' %}
<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
<|im_start|>assistant
{% endif %}"""
CALL = "<tool_call>\n"
"""One token, since a model that knows no words would never write it."""
LIKELY = {'"': 5.0, "}": 5.0, "</s>": 6.0, "]": 3.0, CALL: 3.0}
"""Added to the logits, so that strings, objects and answers come to an end."""


def write(path: Path, *, seed: int = 7) -> Path:
    """Write the model: bytes and printable characters as tokens, weights from a seed; some 200 kB."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL, *[TokenType.BYTE] * 256]
    plain = ["▁", *map(chr, range(33, 127))]
    tokens += [*plain, CALL]
    kinds += [*[TokenType.NORMAL] * len(plain), TokenType.USER_DEFINED]
    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(DEEP)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(TEMPLATE)
    for name, tensor in _tensors(tokens, np.random.default_rng(seed)):
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tensors(tokens: list[str], random: np.random.Generator) -> list[tuple[str, np.ndarray]]:
    def weights(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.02).astype(np.float32)

    embedding, output = weights(len(tokens), WIDTH), weights(len(tokens), WIDTH)
    # One dimension is the same for every token: what the output reads there is a bias.
    embedding[:, 0] = 1.0
    output[:, 0] = [LIKELY.get(token, 0.0) / WIDTH**0.5 for token in tokens]
    ones = np.ones(WIDTH, dtype=np.float32)
    found = [("token_embd.weight", embedding), ("output_norm.weight", ones), ("output.weight", output)]
    for block in range(DEEP):
        found += [(f"blk.{block}.attn_norm.weight", ones), (f"blk.{block}.ffn_norm.weight", ones)]
        found += [(f"blk.{block}.attn_{part}.weight", weights(WIDTH, WIDTH)) for part in ("q", "k", "v", "output")]
        found += [(f"blk.{block}.ffn_{part}.weight", weights(FEED, WIDTH)) for part in ("gate", "up")]
        found.append((f"blk.{block}.ffn_down.weight", weights(WIDTH, FEED)))
    return found
