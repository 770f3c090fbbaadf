package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestProgressLine(t *testing.T) {
	tests := []struct {
		name        string
		read, total int64
		want        string
	}{
		{"nothing was read", 0, 4e9, "[....................]   0 %  0 B of 4 GB, 0 B/s"},
		{"a half was read", 2e9, 4e9, "[##########..........]  50 %  2 GB of 4 GB, 1 GB/s, 2s left"},
		{"the files have grown", 5e9, 4e9, "[####################] 100 %  5 GB of 4 GB, 2.5 GB/s, 0s left"},
		{"an unknown total", 3e6, 0, "3 MB, 1.5 MB/s"},
		{"more than a thousand GB", 3e15, 0, "3e+06 GB, 1.5e+06 GB/s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &progress{total: test.total}
			p.read.Store(test.read)
			assert.Equal(t, test.want, p.line(2*time.Second))
		})
	}
}
