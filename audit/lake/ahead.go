package lake

import "errors"

const (
	// waiting is how many files are opened at once, since most of the time is spent in the store.
	waiting = 16

	// maxAhead is how many files of partitions are opened before their turn.
	maxAhead = 32
)

// walk calls do for one partition after the other, until do returns false. It opens the files of
// later partitions ahead, because a slow store can answer for many at once. It begins with as many
// files as first says, and doubles that each time, because most walks end early.
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

// openAhead opens at most so many files of the first partitions, and returns the number of these
// partitions. A partition with more files waits for its turn, and so does a file that is gone or
// damaged: a search that ends earlier has not looked at it, and must not report it.
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

// unlessLater returns err if it ends the search. Any other fault of a file is found again when the
// search comes to the file.
func unlessLater(err error) error {
	var tooMuch *TooMuchError
	if errors.As(err, &tooMuch) {
		return err
	}
	return nil
}
