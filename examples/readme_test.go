package examples_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadmeIsShort(t *testing.T) {
	readme := read(t, "../README.md")
	assert.LessOrEqual(t, strings.Count(readme, "\n"), 150, "lines of README.md")
	assert.NotContains(t, readme, "@@", "places still to be filled in")
}
