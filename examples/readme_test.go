package examples_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadmeIsShort(t *testing.T) {
	readme := read(t, "../README.md")
	assert.LessOrEqual(t, strings.Count(readme, "\n"), 150, "number of lines in README.md")
	assert.NotContains(t, readme, "@@", "README.md has a placeholder")
}
