package vet_test

import (
	"maps"
	"strings"
	"testing"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"example.com/clew/cmd/clewvet/internal/vet/auditmsg"
	"example.com/clew/cmd/clewvet/internal/vet/ctxless"
	"example.com/clew/cmd/clewvet/internal/vet/detachedgo"
	"example.com/clew/cmd/clewvet/internal/vet/freshctx"
	"example.com/clew/cmd/clewvet/internal/vet/ignore"
	"example.com/clew/cmd/clewvet/internal/vet/logctx"
	"example.com/clew/cmd/clewvet/internal/vet/nakedgo"
	"example.com/clew/cmd/clewvet/internal/vet/rawclient"
	"example.com/clew/cmd/clewvet/internal/vet/reqctx"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
)

// The expected reports are comments in testdata/src. Small fakes of the packages that the
// analyzers look for are there, too.
func TestAnalyzers(t *testing.T) {
	if err := nakedgo.Analyzer.Flags.Set("allow", "elsewhere,nakedgo/allowed"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		analyzer *analysis.Analyzer
		packages []string
	}{
		{logctx.Analyzer, []string{"logctx", "steps", "startup", "contexts", "nilctx", "withheld", "outer", "values", "returns", "stored", "messages", "messagesextracted", "texts", "commands"}},
		{ctxless.Analyzer, []string{"ctxless"}},
		{freshctx.Analyzer, []string{"freshctx", "freshctx/carried", "freshctx/ends", "freshctx/untraced", "messagecontexts"}},
		{reqctx.Analyzer, []string{"reqctx", "nilctx/req", "withheld/req", "headers", "messagerequests"}},
		{detachedgo.Analyzer, []string{"detachedgo", "detachedwithout", "detachedfar"}},
		{auditmsg.Analyzer, []string{"auditmsg"}},
		{rawclient.Analyzer, []string{"rawclient"}},
		{nakedgo.Analyzer, []string{"nakedgo", "nakedgo/allowed"}},
		{ignore.Analyzer, []string{"ignore"}},
	}
	for _, test := range tests {
		t.Run(test.analyzer.Name, func(t *testing.T) {
			for _, result := range analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), test.analyzer, test.packages...) {
				withheld(t, result)
			}
		})
	}
}

// withheld checks that exactly the lines marked with "withheld" have reports of that Category, and
// that these reports have no fix.
func withheld(t *testing.T, result *analysistest.Result) {
	t.Helper()
	type line struct {
		file string
		n    int
	}
	got, want := make(map[line]bool), make(map[line]bool)
	for _, d := range result.Diagnostics {
		posn := result.Pass.Fset.Position(d.Pos)
		if d.Category != "" {
			got[line{posn.Filename, posn.Line}] = true
		}
		if d.Category != "" && (d.Category != "withheld" || len(d.SuggestedFixes) > 0) {
			t.Errorf("%v: %d fixes with category %q", posn, len(d.SuggestedFixes), d.Category)
		}
	}
	for _, file := range result.Pass.Files {
		for _, group := range file.Comments {
			if strings.HasPrefix(group.List[0].Text, "// withheld //") {
				at := result.Pass.Fset.Position(group.Pos())
				want[line{at.Filename, at.Line}] = true
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("withheld on %v, want %v", got, want)
	}
}

func TestTests(t *testing.T) {
	at.Tests = true
	defer func() { at.Tests = false }()
	analysistest.Run(t, analysistest.TestData(), logctx.Analyzer, "intests")
}
