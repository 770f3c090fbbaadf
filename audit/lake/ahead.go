package lake

import "errors"

const (
	// waiting is the number of files that are opened at the same time. Opening a file mostly means
	// waiting for the store.
	waiting = 16

	// maxAhead is the largest number of files that are opened before the search needs them.
	maxAhead = 32
)

// walk calls the function do for one partition after the other, until do returns false. It opens
// the files of later partitions ahead, because a slow store can open many files at once. At the
// beginning, walk opens as many files ahead as the argument first says. It doubles this number
// each time, because most walks end early.
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

// openAhead opens the files of the first partitions, and returns the number of these partitions.
// The argument most is the largest number of files to open. If one partition has more files than
// that, its files are not opened ahead. A file that is gone or damaged is no error here: a search
// that ends before this file must not report it.
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

// unlessLater returns err if err ends the search, and nil for any other fault of a file. The
// search finds that fault again when it reads the file.
func unlessLater(err error) error {
	var tooMuch *TooMuchError
	if errors.As(err, &tooMuch) {
		return err
	}
	return nil
}
