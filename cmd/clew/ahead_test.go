package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadAhead(t *testing.T) {
	text := strings.Repeat("0123456789abcde\n", 5*aheadSize/16) + "end"
	broken := errors.New("the disk is broken")
	tests := []struct {
		name string
		r    io.Reader
		want string
		err  error
	}{
		{"nothing", strings.NewReader(""), "", nil},
		{"less than a block", strings.NewReader("end"), "end", nil},
		{"many blocks", strings.NewReader(text), text, nil},
		{"a byte at a time", iotest.OneByteReader(strings.NewReader(text)), text, nil},
		{"the end with the last bytes", iotest.DataErrReader(strings.NewReader(text)), text, nil},
		{"an error behind the text", io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), text, broken},
		{"an error with the last bytes", iotest.DataErrReader(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))), text, broken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := readAhead(test.r, io.NopCloser(nil))
			got, err := io.ReadAll(a)
			assert.Equal(t, test.err, err)
			assert.Equal(t, test.want, string(got))
			_, again := a.Read(make([]byte, 1))
			assert.Equal(t, err == nil, again == io.EOF, "the end stays the end: %v", again)
			assert.NoError(t, a.Close())
		})
	}
}

// The goroutine ends, wherever it is: goleak looks after all tests.
func TestReadAheadEndsEarly(t *testing.T) {
	t.Run("while nobody reads", func(t *testing.T) {
		a := readAhead(endlessReader{}, io.NopCloser(nil))
		_, err := a.Read(make([]byte, 10))
		require.NoError(t, err)
		require.NoError(t, a.Close())
	})
	t.Run("while it waits for a pipe", func(t *testing.T) {
		r, w := io.Pipe()
		a := readAhead(r, r)
		_, err := w.Write([]byte("a"))
		require.NoError(t, err)
		require.NoError(t, a.Close())
		_, err = io.ReadAll(a)
		assert.Error(t, err)
	})
}

type endlessReader struct{}

func (endlessReader) Read(p []byte) (int, error) { return len(p), nil }
