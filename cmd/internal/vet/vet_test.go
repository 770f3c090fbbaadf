package vet_test

import (
	"testing"

	"example.com/clew/cmd/internal/vet/at"
	"example.com/clew/cmd/internal/vet/ctxless"
	"example.com/clew/cmd/internal/vet/detachedgo"
	"example.com/clew/cmd/internal/vet/freshctx"
	"example.com/clew/cmd/internal/vet/ignore"
	"example.com/clew/cmd/internal/vet/logctx"
	"example.com/clew/cmd/internal/vet/nakedgo"
	"example.com/clew/cmd/internal/vet/rawclient"
	"example.com/clew/cmd/internal/vet/reqctx"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
)

// What is wanted stands in testdata/src, beside small fakes of the packages that are looked for.
func TestAnalyzers(t *testing.T) {
	if err := nakedgo.Analyzer.Flags.Set("allow", "elsewhere,nakedgo/allowed"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		analyzer *analysis.Analyzer
		packages []string
	}{
		{logctx.Analyzer, []string{"logctx", "startup"}},
		{ctxless.Analyzer, []string{"ctxless"}},
		{freshctx.Analyzer, []string{"freshctx"}},
		{reqctx.Analyzer, []string{"reqctx"}},
		{detachedgo.Analyzer, []string{"detachedgo", "detachedwithout"}},
		{rawclient.Analyzer, []string{"rawclient"}},
		{nakedgo.Analyzer, []string{"nakedgo", "nakedgo/allowed"}},
		{ignore.Analyzer, []string{"ignore"}},
	}
	for _, test := range tests {
		t.Run(test.analyzer.Name, func(t *testing.T) {
			analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), test.analyzer, test.packages...)
		})
	}
}

func TestTests(t *testing.T) {
	at.Tests = true
	defer func() { at.Tests = false }()
	analysistest.Run(t, analysistest.TestData(), logctx.Analyzer, "intests")
}
