package filter_test

import (
	"testing"

	"example.com/clew/audit/internal/readme"
)

func TestReadme(t *testing.T) { readme.Check(t, 140, "go", "yaml") }
