package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"example.com/clew/audit/filter/internal/rules"
)

// errLarger says that a text is larger than its bound.
var errLarger = fmt.Errorf("larger than %d bytes", rules.MaxFile)

// readBounded reads a text of up to bound bytes.
func readBounded(r io.Reader, bound int) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, int64(bound)+1))
	if err != nil {
		return nil, err
	}
	if len(text) > bound {
		return nil, errLarger
	}
	return text, nil
}

// readFile reads a regular file of up to bound bytes. It refuses other files before it opens them,
// because a pipe may have no end.
func readFile(path string, bound int) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	text, err := readBounded(f, bound)
	if err != nil {
		return nil, bare(err)
	}
	return text, nil
}

// bare returns err without the path, because the caller names the path.
func bare(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}
