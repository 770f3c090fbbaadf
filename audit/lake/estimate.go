package lake

import (
	"sync/atomic"

	"example.com/clew/audit/internal/table/read"
)

// narrow is the advice in a TooMuchError.
const narrow = "shorten the range, give a value under a key (then only the files with this value are read), or raise the limit"

// sampleFiles is the largest number of footers that an estimate reads.
const sampleFiles = 16

// footerCost is the approximate size of the footer of a file, in bytes.
const footerCost = 16 << 10

// estimate returns the approximate number of bytes that a search of the partitions reads. It reads
// the footers of a few files, as far apart as possible, and extrapolates to the others by their
// size.
func (v *view) estimate(partitions []*partition, q *read.Filter, rows bool) (int64, error) {
	var files []*stored
	var size int64
	for _, p := range partitions {
		for _, f := range p.files {
			files = append(files, f)
			size += f.size
		}
	}
	var sample []*stored
	step := max(1, (len(files)+sampleFiles-1)/sampleFiles)
	for i := 0; i < len(files); i += step {
		sample = append(sample, files[i])
	}
	var sampled, cost atomic.Int64
	v.sample = append(v.sample, sample...)
	err := v.footersOf(sample, func(s *stored) error {
		err := s.footer()
		if err == nil {
			sampled.Add(s.size)
			cost.Add(s.file.Cost(q, rows) + footerCost)
		}
		return unlessLater(err)
	})
	if err != nil || sampled.Load() == 0 {
		return 0, err
	}
	return int64(float64(cost.Load()) * float64(size) / float64(sampled.Load())), nil
}
