#!/bin/bash
# All stages, each as a job that waits for the one before:
#   bash whole.sh my-region.yaml runs/my-region
set -euo pipefail
config=$1 run=$2
here=$(cd "$(dirname "$0")" && pwd)

# after JOB SCRIPT [ARGUMENTS]: submit a script that begins when a job, or all tasks of an array, ended well
after() {
    local job=$1
    shift
    sbatch --parsable ${job:+--dependency=afterok:"$job"} "$@"
}

prepare=$(after "" "$here/one.sh" prepare --config "$config" --run "$run")
train=$(after "$prepare" "$here/train.sh" "$run")
sample=$(after "$train" "$here/shards.sh" sample --run "$run")
augment=$(after "$train" "$here/shards.sh" augment --run "$run")
sweep=$(after "$train" --array=1-4 "$here/shards.sh" sweep --run "$run")
evaluate=$(after "$sample" "$here/shards.sh" evaluate --run "$run")
diagnose=$(after "$evaluate" "$here/one.sh" diagnose --run "$run")
after "$diagnose:$augment:$sweep" "$here/one.sh" report --run "$run"
