package timeline_test

import (
	"testing"
	"time"

	"example.com/clew/internal/timeline"
	"github.com/stretchr/testify/assert"
)

func TestWords(t *testing.T) {
	assert.Equal(t, `\x1b[31mred    \u202e\xff`, timeline.Visible("\x1b[31mred\t\u202e\xff"))
	assert.Equal(t, 4, timeline.Columns("日a\u0301b"))
	assert.Equal(t, "abc", timeline.Cut("abc", 3))
	assert.Equal(t, "ab…", timeline.Cut("abcd", 3))
	assert.Equal(t, "", timeline.Cut("abcd", 0))
	assert.Equal(t, "1.80 ms", timeline.Short(1800*time.Microsecond))
	assert.Equal(t, "1 trace", timeline.Counted(1, "trace"))
	assert.Equal(t, "12,345 traces", timeline.Counted(12345, "trace"))
}

func TestHarmless(t *testing.T) {
	assert.Equal(t, `{"a":"\u009bé\u202e\udb40\udc01"}`, timeline.Harmless("{\"a\":\"\u009bé\u202e\U000e0001\"}"))
}
