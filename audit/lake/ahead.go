package lake

import "errors"

const (
	// waiting is how many files are opened at once: most of that time is the store's.
	waiting = 16

	// maxAhead is how many files of partitions are opened before their turn.
	maxAhead = 32
)

// walk calls do for the partitions in turn, until it is false. Files of those to come are opened
// ahead, so that a store which answers slowly answers for many at once: first of them to begin
// with, and twice as many each time, because most walks end early.
func (v *view) walk(partitions []*partition, first int, do func(*partition) (more bool, err error)) error {
	opened := 0
	defer func() {
		for _, p := range partitions[:opened] {
			p.close()
		}
	}()
	for i, p := range partitions {
		if i == opened {
			n, err := v.openAhead(partitions[i:], first)
			opened += n
			if err != nil {
				return err
			}
			first = min(2*first, maxAhead)
		}
		if more, err := do(p); err != nil || !more {
			return err
		}
	}
	return nil
}

// openAhead opens the files of the first partitions, up to most files, and returns of how many
// partitions. One that has more is left to its turn. What is gone or damaged is left to it as well:
// a search that ends before has not looked at these files, and must not report them.
func (v *view) openAhead(partitions []*partition, most int) (n int, err error) {
	var files []*stored
	for n = 0; n < len(partitions) && (n == 0 || len(files)+len(partitions[n].files) <= most); n++ {
		if len(partitions[n].files) <= most {
			files = append(files, partitions[n].files...)
		}
	}
	if len(files) < 2 {
		return n, nil
	}
	return n, v.footersOf(files, func(s *stored) error { return unlessLater(s.footer()) })
}

// unlessLater returns an error that ends a search. What else is wrong with a file is found again
// where the search comes to it.
func unlessLater(err error) error {
	var tooMuch *TooMuchError
	if errors.As(err, &tooMuch) {
		return err
	}
	return nil
}
