"""The benchmarks: what the agent costs, always next to something that does less in the same run.

Started by scripts/bench. The programs beside this file do the work, the laboratory of the tests gives them
real Redis, Sentinels and HAProxy, and docs/benchmarks.md gets the figures.
"""
