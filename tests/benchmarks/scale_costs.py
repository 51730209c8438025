"""What it costs to ask models by their vendors' own batches, by the studio's dated prices.

`python -m tests.benchmarks.scale_costs --prompts 1000000 --input 30 --output 290`: tokens a request, of which a quarter
of the characters is a fair guess in English.
"""

import argparse
from math import ceil
from statistics import fmean, median

from orbench_studio.resources_dir import resources
from orbench_studio.services.evaluation.prices import cost, read_prices

_IN_A_FILE = {"ours": 20_000, "OpenAI's limit": 50_000, "Anthropic's limit": 100_000}  # requests


def main() -> None:
    """Print a line a model, cheapest first, and what they cost on average."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale_costs", description=__doc__)
    parser.add_argument("--prompts", type=int, default=1_000_000)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--input", type=int, default=30, metavar="TOKENS")
    parser.add_argument("--output", type=int, default=290, metavar="TOKENS")
    asked = parser.parse_args()
    prices = read_prices(resources() / "prices.json")
    tokens = (asked.input * asked.prompts, asked.output * asked.prompts)
    costs = {name: cost(price, *tokens, batch=True) or 0.0 for name, price in prices.by_model.items()}
    print(
        f"USD for {asked.prompts:,} prompts, {asked.input} tokens in and {asked.output} out; prices of {prices.dated}"
    )
    for name, usd in sorted(costs.items(), key=lambda one: one[1]):
        halved = "by its vendor's batches" if prices.by_model[name].batch < 1 else "no batches"
        print(f"{usd:10,.0f}  {name}, {halved}")
    mean = fmean(costs.values())
    print(f"median {median(costs.values()):,.0f}, mean {mean:,.0f}")
    print(f"{asked.models} models at the mean: {asked.models * mean:,.0f}")
    for whose, most in _IN_A_FILE.items():
        print(f"files for a model ({whose}, {most:,} requests each): {ceil(asked.prompts / most)}")


if __name__ == "__main__":
    main()
