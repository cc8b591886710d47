#!/usr/bin/env python3
"""Whether pandas groups scores.csv as the authors' notebooks do, a group a configuration: scores_groups.py FOLDER

FOLDER has scores.csv and results.csv of a study. In every group of the keys of process_scores_df (on Multi-MNIST, of
process_scores_df_multi-mnist) the runs must be those of one configuration, none may be left out, and the means that
pandas gives must be those of results.csv. Exit status 77 without pandas.
"""
import pathlib
import sys

try:
    import pandas
except ImportError:
    print("no pandas")
    sys.exit(77)

KEYS = ["dataset", "model_type", "num_layers", "readout_type"]
KEYS_MULTI_MNIST = ["dataset", "model_type", "c_mid"]
METRICS = ["acc", "acc_foreground", "iou", "iou_foreground", "loss", "loss_foreground"]

folder = pathlib.Path(sys.argv[1])
scores = pandas.read_csv(folder / "scores.csv", keep_default_na=False)
ours = pandas.read_csv(folder / "results.csv").set_index("run_name")
scores["configuration"] = scores["run_name"].str.replace(r"-seed\d+$", "", regex=True)
wrong, groups, rows = [], 0, 0
on_multi_mnist = scores["dataset"] == "multi_mnist"
for table, keys in (scores[~on_multi_mnist], KEYS), (scores[on_multi_mnist], KEYS_MULTI_MNIST):
    for key, group in table.groupby(keys):
        groups, rows = groups + 1, rows + len(group)
        names = group["configuration"].unique()
        if len(names) != 1:
            wrong.append(f"{key}: {', '.join(names)} in one group")
        expected = ours.loc[group["run_name"], METRICS].astype(float).mean()
        found = group[METRICS].astype(float).mean()
        if not ((found - expected).abs() < 1e-12).all() and not (found.isna() == expected.isna()).all():
            wrong.append(f"{key}: means are not those of results.csv")
if groups != scores["configuration"].nunique():
    wrong.append(f"{groups} groups of {scores['configuration'].nunique()} configurations")
if rows != len(ours):
    wrong.append(f"{rows} rows in groups, {len(ours)} in results.csv")
print("\n".join(wrong) or f"{rows} runs in {groups} groups, a configuration each: ok")
sys.exit(1 if wrong else 0)
