#!/usr/bin/env bash
# Pictures from the command line: what is refused, and the two published pictures from their tables.
#   plot_test.sh ARCHSWEEP SOURCE_ROOT
. "$(dirname "$0")/lib.sh"

{
  echo model,infer_samples_per_sec,infer_step_time,infer_batch_size,infer_img_size,param_count
  echo resnet18,1000,1,1,224,11.69
  echo resnet34,600,1,1,224,21.80
  echo vit_tiny_patch16_224,800,1,1,224,5.72
} > benchmark-infer-amp-nhwc-pt113-cu117-rtx3090.csv
{
  echo model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation
  echo resnet18.a1_in1k,224,71.5,28.5,90.0,10.0,11.69,0.95,bicubic
  echo resnet34.a1_in1k,224,76.4,23.6,93.0,7.0,21.80,0.95,bicubic
  echo vit_tiny_patch16_224.augreg_in21k_ft_in1k,224,75.4,24.6,92.8,7.2,5.72,0.9,bicubic
} > results-imagenet.csv
"$archsweep" import a.db ./*.csv > /dev/null || say "import fails"

refuse() { # NAME PATTERN ARGUMENT...
  local name=$1 pattern=$2; shift 2
  expect "$name" 2 "$pattern" "$archsweep" plot a.db -o a.svg "$@"
  [ ! -e a.svg ] || say "$name: drew all the same"
}
refuse kind "^--kind: 'frontir' is none of .*; did you mean 'frontier'\\?" --kind frontir
refuse by "^--by: 'archs' is none of experiment, architecture, bests" --by archs
refuse theme "^--theme: 'drak' is none of .*; did you mean 'dark'\\?" --theme drak
refuse x "^--x througput: no such metric; did you mean 'throughput'\\?" --x througput
refuse y "did you mean 'top1'" --kind curves --y top
refuse curve_y "^--y: 'latency' has no learning curve" --kind curves --y latency
refuse curve_x "^--x: learning curves run over epochs" --kind curves --x latency
refuse size "^--size: 'image_sze' is no column .*; did you mean 'image_size'\\?" --x secs --size 'image_sze^2'
refuse family "resnett" --x secs --family resnett
refuse where '^--where' --x secs --where 'latency <'
refuse memory "^--max-memory lots" --max-memory lots
refuse width 'width' --width 100
refuse before "^--before and --after are for --kind compare" --before a.db
refuse after "^--kind compare needs --before and --after" --kind compare --before a.db
refuse sweep "^--after: 'monday' is none of" --kind compare --x secs --before a.db --after monday
refuse compare_by "^--by: --kind compare" --kind compare --before a.db --after a.db --by experiment
expect ending 2 'must end in .html, .svg or .png' "$archsweep" plot a.db -o a.jpg --x secs
expect folder 3 'cannot be written' "$archsweep" plot a.db -o gone/a.svg --x secs
expect database 2 'no such file' "$archsweep" plot gone.db -o a.svg

expect svg 0 '' "$archsweep" plot a.db -o a.svg --x secs --size 'image_size^2' --trend --title '<3 & "more"'
grep -q '&lt;3 &amp; &quot;more&quot;' a.svg || say "the title is not escaped"
grep -q '>resnet34</text>' a.svg || say "the frontier is not named"
expect default 0 '' "$archsweep" plot -o b.svg  # the only database here, the axis that its rows have
expect compare 0 '' "$archsweep" plot -o c.svg --kind compare --before a.db --after a.db --x secs
grep -q '3 architectures are in both: 0 better, 0 worse, 0 traded one axis for the other, 3 unchanged' c.svg ||
  say "the same twice has moved"
expect curves 1 '^d.svg: not written, there is nothing to draw' "$archsweep" plot a.db -o d.svg --kind curves
expect none 1 '^d.svg: not written, there is nothing to draw' "$archsweep" plot a.db -o d.svg --x secs --where 'top1 > 2'
[ ! -e d.svg ] || say "a picture of nothing"

shared=$root/../shared/data
if [ ! -e "$shared/fastai_timm.csv" ]; then echo "the published pictures are skipped: no $shared"; exit $failed; fi

# As in the README; the committed pictures are the same to the letter.
families() { for glob in "$@"; do printf -- '--family\n%s\n' "$glob"; done; }
mapfile -t kept < <(families 're[sg]net*' '*beit*' '*convnext*' '*levit*' '*efficient*' '*vit*' '*vgg*' '!*_gn')
mapfile -t fitted < <(families levit resnet resnetd regnetx vgg 'convnext*' efficientnetv2 'beit*')
mapfile -t tuned < <(families vit convnext resnet levit regnetx swin)
"$archsweep" import timm.db "$shared/timm/results-imagenet.csv" \
  "$shared/timm/benchmark-infer-amp-nhwc-pt113-cu117-rtx3090.csv" > /dev/null
"$archsweep" import study.db "$shared/fastai_timm.csv" > /dev/null
"$archsweep" plot timm.db -o image_models.svg --x seconds_per_sample --size 'image_size^2' "${kept[@]}" \
  --title 'Which image models are best?' > /dev/null
"$archsweep" plot timm.db -o image_model_trends.svg --x seconds_per_sample --size 'image_size^2' --trend \
  "${fitted[@]}" --title 'Which image models are best? Trends of families' > /dev/null
"$archsweep" plot study.db -o fine_tuning.svg --x fit_time --y error --linear --trend --by bests \
  --where "dataset = 'pets'" "${tuned[@]}" --title 'The best vision models for fine-tuning' > /dev/null
for picture in image_models image_model_trends fine_tuning; do
  [ -z "${KEEP_PICTURES:-}" ] || cp $picture.svg "$root/tests/data/"
  cmp -s $picture.svg "$root/tests/data/$picture.svg" || say "$picture.svg is not the committed one"
  [ "$(wc -c < $picture.svg)" -lt 150000 ] || say "$picture.svg is large"
done
# An independent minimum over the runs of the table: each mark is where it says.
python3 - "$shared/fastai_timm.csv" fine_tuning.svg <<'PY' || say "a mark of fine_tuning.svg is not its architecture's best"
import csv, re, sys
best = {}
for row in csv.DictReader(open(sys.argv[1])):
    if row["dataset"] == "pets":
        for column in ("fit_time", "error_rate"):
            if row[column]:
                at = best.setdefault(row["model_name"], {})
                at[column] = min(at.get(column, 1e9), float(row[column]))
marks = re.findall(r"<title>(\w+)\n(.*?), (.*?)</title>", open(sys.argv[2]).read())
assert len(marks) == 58, len(marks)
for name, x, y in marks:
    assert x == f"{best[name]['fit_time']:.3g} s" and y == f"{100 * best[name]['error_rate']:.3g} %", name
PY
exit $failed
