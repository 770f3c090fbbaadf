package main_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// A program is a random file that compiles. It consists of kinds of code on which fixes were wrong
// in the past.
type program struct {
	*rand.Rand
	id      uint64
	clew    bool // the module of the file requires clew
	context bool // the file may import the package context

	out      strings.Builder   // the functions
	names    map[string]string // the names of the packages that the file may import, by path
	shadows  map[string]bool   // package names that a variable shadows here
	declared map[string]bool   // names that are declared in this block
	n        int               // the number for the next variable
}

// common is the package that all programs use. types is a file in each package of programs.
const (
	common = `package common

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/alitto/pond/v2"
	"github.com/go-resty/resty/v2"
	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"github.com/sourcegraph/conc"
)

type (
	Own      struct{ context.Context }
	Named    context.Context
	Alias    = context.Context
	Streamer interface{ Context() context.Context }
	ToCtx    struct{}
	Loose    struct{}
	ByPtr    struct{}

	Service struct {
		Log    *slog.Logger
		Outer  Outer
		Warned Warned
		Z      zerolog.Logger
		L      *logrus.Logger
		N      Entry
		Client *http.Client
		Rest   *resty.Client
		Pool   pond.Pool
		Wait   *conc.WaitGroup
	}
	Outer  struct{ *slog.Logger }
	Warned struct{ *slog.Logger }
	Entry  struct{ *logrus.Entry }
)

func (ToCtx) Context() *context.Context { return nil }

func (Loose) Deadline() time.Time { return time.Time{} }
func (Loose) Done() bool          { return false }
func (Loose) Err() error          { return nil }
func (Loose) Value() int          { return 0 }

func (*ByPtr) Deadline() (t time.Time, ok bool) { return }
func (*ByPtr) Done() <-chan struct{}            { return nil }
func (*ByPtr) Err() error                       { return nil }
func (*ByPtr) Value(any) any                    { return nil }

func (Outer) InfoContext(string)                           {}
func (Warned) WarnContext(context.Context, string, ...any) {}
func (Entry) WithContext(string) *logrus.Entry             { return nil }

func Record() (string, string, int)                          { return "", "", 0 }
func Target() (string, string, io.Reader)                    { return "", "", nil }
func Use(context.Context)                                    {}
func Send(*http.Request, error)                              {}
func Auth(any) (context.Context, error)                      { return nil, nil }
func Access(func(string, ...any), http.Handler) http.Handler { return nil }
`
	types = `package %s

import (
	"log/slog"

	"example.com/service/common"
)

type (
	own      = common.Own
	named    = common.Named
	alias    = common.Alias
	streamer = common.Streamer
	toCtx    = common.ToCtx
	loose    = common.Loose
	byPtr    = common.ByPtr

	service        struct{ common.Service }
	generic[T any] struct {
		service
		value T
	}
)

var (
	all    service
	record = common.Record
	target = common.Target
	use    = common.Use
	send   = common.Send
	auth   = common.Auth
	access = common.Access
)

func note()           { slog.Info("") }
func later(func())    {}
func some[T any](t T) T { return t }
`
)

// text returns the file of the program, in the package pkg.
func (p *program) text(pkg string) string {
	p.names = map[string]string{
		"net/http": "http", "log/slog": "slog", "context": "context", "time": "time",
		"github.com/rs/zerolog/log": "log", "github.com/sirupsen/logrus": "logrus",
		"github.com/gin-gonic/gin": "gin", "github.com/labstack/echo/v4": "echo", "github.com/gofiber/fiber/v2": "fiber",
		"example.com/clew/httpmw": "httpmw",
	}
	for path, name := range p.names {
		if p.IntN(12) == 0 {
			p.names[path] = "std" + name
		}
	}
	if p.IntN(10) == 0 {
		p.names["log/slog"] = "."
	}
	if p.IntN(16) == 0 {
		p.names["net/http"] = "context" // so the package context needs another name
		p.names["context"] = "ctx"
	}
	for range 2 + p.IntN(4) {
		p.function()
	}
	if p.clew && p.IntN(2) == 0 {
		fmt.Fprintf(&p.out, "var _ = %s\n", p.of("example.com/clew/httpmw", "New"))
	}
	used := make(map[string]bool)
	body := reference.ReplaceAllStringFunc(p.out.String(), func(ref string) string {
		path := reference.FindStringSubmatch(ref)[1]
		used[path] = true
		if p.names[path] == "." {
			return ""
		}
		return p.names[path] + "."
	})
	var specs []string
	for path := range used {
		spec := fmt.Sprintf("%q", path)
		if name := p.names[path]; name != defaultName(path) {
			spec = name + " " + spec
		}
		specs = append(specs, spec)
	}
	slices.Sort(specs)
	imports := ""
	switch {
	case len(specs) == 0:
	case len(specs) == 1 || p.IntN(6) == 0:
		imports = "import " + strings.Join(specs, "\nimport ") + "\n\n"
	case p.IntN(6) == 0:
		imports = "import (" + strings.Join(specs, "; ") + ")\n\n"
	default:
		imports = "// Imports.\nimport (\n\t// the first\n\t" + strings.Join(specs, " // one\n\t") + " // last\n)\n\n"
	}
	return "package " + pkg + "\n\n" + imports + body
}

func defaultName(path string) string {
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/v2"), "/v4")
	return path[strings.LastIndex(path, "/")+1:]
}

// reference matches a package name in unfinished text: the package's path between ‹ and ›.
var reference = regexp.MustCompile(`‹(.*?)›`)

// The method of returns a reference to the identifier name in the package at path. It returns ""
// if something shadows the package's name.
func (p *program) of(path, name string) string {
	if p.shadows[p.names[path]] || path == "context" && !p.context {
		return ""
	}
	return "‹" + path + "›" + name
}

func (p *program) pick(choices ...string) string { return choices[p.IntN(len(choices))] }

func (p *program) name(prefix string) string {
	p.n++
	return fmt.Sprintf("%s%d_%d", prefix, p.id, p.n)
}

// function writes a function that has a context at hand, or a parameter that resembles one.
func (p *program) function() {
	p.shadows = make(map[string]bool)
	ctx, http := func() string { return p.of("context", "Context") }, func(name string) string { return p.of("net/http", name) }
	typeParams, params, request := "", "", ""
	of := p.IntN(22)
	if ctx() == "" && slices.Contains([]int{7, 8, 14, 17, 18, 19, 20}, of) {
		of = 0
	}
	switch of {
	case 0, 1, 2, 3, 4, 5:
		params, request = "w "+http("ResponseWriter")+", r *"+http("Request"), "r"
	case 6:
		request = p.pick("context", "ctx")
		params = "_ " + http("ResponseWriter") + ", " + request + " *" + http("Request")
	case 7, 8:
		params = "ctx " + ctx()
	case 9:
		params = "c *" + p.of("github.com/gin-gonic/gin", "Context")
	case 10:
		params = "c " + p.of("github.com/labstack/echo/v4", "Context")
	case 11:
		params = "c *" + p.of("github.com/gofiber/fiber/v2", "Ctx")
	case 12:
		params = "s0 streamer"
	case 13:
		params = p.pick("o own", "o *own", "v named", "v alias")
	case 14:
		params = p.pick("p *", "p **") + ctx()
	case 15:
		params = p.pick("b byPtr", "b *byPtr", "b **byPtr")
	case 16:
		params = p.pick("t toCtx", "l loose", "e *"+p.of("github.com/labstack/echo/v4", "Context"))
	case 17:
		typeParams, params = "[C "+ctx()+"]", "c C"
	case 18:
		typeParams, params = "[T any]", "ctx "+ctx()+", t T"
	case 19:
		params = p.pick("_ ", "") + ctx()
	case 20:
		params = "n int, ctx, second " + ctx()
	default:
		params = "r " + http("Request")
		request = "r"
	}
	p.declared = make(map[string]bool)
	for _, name := range []string{"context", "ctx", "r", "w"} {
		p.declared[name] = strings.Contains(" "+strings.ReplaceAll(params, ",", ""), " "+name+" ")
	}
	name, service := p.name("f"), "all"
	if typeParams == "" {
		switch p.IntN(5) {
		case 0:
			name, service = "(s *service) "+name, "s"
		case 1:
			name, service = "(g *generic[T]) "+name, "g"
		}
	}
	if strings.HasPrefix(name, "f") && typeParams == "" && p.IntN(8) == 0 {
		fmt.Fprintf(&p.out, "var %s = func(%s) {\n", name, params)
	} else {
		p.out.WriteString(p.pick("", "", "", "// Documented.\n//\n//go:noinline\n"))
		fmt.Fprintf(&p.out, "func %s%s(%s) {\n", name, typeParams, params)
	}
	p.body(service, request, 3)
	p.out.WriteString("}\n\n")
}

// body writes statements. The parameter service is an expression for a service, and request is the
// name of a request or "". The parameter depth is the number of levels to which blocks may still
// be nested.
func (p *program) body(service, request string, depth int) {
	shadows, declared := p.shadows, p.declared
	p.shadows = maps.Clone(shadows)
	if p.declared == nil {
		p.declared = make(map[string]bool)
	}
	for name, is := range p.declared {
		p.shadows[name] = p.shadows[name] || is
	}
	for range 1 + p.IntN(4) {
		if !p.statement(service, &request, depth) {
			p.line(service)
		}
	}
	p.shadows, p.declared = shadows, declared
}

// declare declares name in this block. It returns false if the block already declares name.
func (p *program) declare(name string) bool {
	if p.declared[name] {
		return false
	}
	p.declared[name], p.shadows[name] = true, true
	return true
}

// line writes a statement that logs.
func (p *program) line(s string) {
	slog := func(name string) string {
		if q := p.of("log/slog", name); q != "" {
			return q
		}
		return s + ".Log." + name // the service's logger has all methods that line calls
	}
	text := "\t"
	switch p.IntN(24) {
	case 0, 1, 2:
		text += slog(p.pick("Debug", "Info", "Warn", "Error")) + p.pick(`("")`, `("", "k", 1)`, "(\n\t\t\"\", // why\n\t\t\"k\", 1,\n\t)", `( /* why */ "")`)
	case 3:
		text += slog("Info") + "(record())"
	case 4:
		text += s + ".Log." + p.pick("Info", "Warn") + p.pick(`("")`, "(record())")
	case 5:
		if q := p.of("log/slog", "Logger"); q != "" {
			text += "(*" + q + ").Info(" + s + ".Log, \"\")"
		}
	case 6:
		f := p.name("log")
		text += f + " := " + p.pick(s+".Log.Info", slog("Info")) + "\n\t" + f + `("")`
	case 7:
		text += s + p.pick(".Outer.Info", ".Warned.Warn", ".Outer.Warn", ".Outer.Logger.Info") + `("")`
	case 8:
		text += p.pick("defer ", "go ") + slog("Info") + `("")`
	case 9:
		text += s + `.Log.With("k", 1).Info("", "v", some(2))`
	case 10, 11:
		text += s + p.pick(`.Z.Info().Msg("")`, `.Z.Info().Str("k", "v").Msgf("%d", 1)`, ".Z.Info().\n\t\tStr(\"k\", \"v\"). // why\n\t\tMsg(\"\")", `.Z.Err(nil).Send()`)
	case 12:
		e := p.name("event")
		text += e + " := " + s + ".Z.Info()\n\t" + e + `.Str("k", "v").Msg("")`
	case 13, 14:
		if q := p.of("github.com/rs/zerolog/log", "Info"); q != "" {
			text += q + `().Msg("")`
		}
	case 15:
		e := p.name("event")
		text += "if " + e + " := " + s + ".Z.Info(); " + e + " != nil {\n\t\t" + e + ".Send()\n\t}"
	case 16, 17:
		if q := p.of("github.com/sirupsen/logrus", p.pick("Info", `WithField("k", 1).Info`)); q != "" {
			text += q + p.pick(`("")`, "(record())")
		}
	case 18:
		text += s + p.pick(`.L.Infoln("")`, `.N.Info("")`, `.N.Entry.Info("")`, `.L.WithContext(nil).Info("")`)
	case 19:
		text += "_ = func() int { " + slog("Info") + `(""); return 1 }()`
	case 20:
		text += "_ = access(" + slog("Info") + ", nil)"
	case 21:
		text += "func(log func(string, ...any)) { log(\"\") }(" + slog("Info") + ")"
	case 22:
		text += "note()"
	default:
		text += slog("Info") + "(some(\"\"), \"k\", func() int { " + slog("Warn") + "(\"\"); return 1 }())"
	}
	p.out.WriteString(text + "\n")
}

// statement writes a statement that does not log. It returns false if no such statement fits here.
func (p *program) statement(s string, request *string, depth int) bool {
	n := p.IntN(30)
	return p.sending(n, s) || p.contexts(n, s, request, depth) || p.shadowing(n, request) ||
		p.goroutine(n, s, request, depth) || p.blocks(n, s, request, depth)
}

func (p *program) write(format string, args ...any) { fmt.Fprintf(&p.out, "\t"+format+"\n", args...) }

// block writes statements in a new block.
func (p *program) block(s string, request *string, depth int) {
	declared := p.declared
	p.declared = nil
	p.body(s, *request, depth-1)
	p.declared = declared
}

// sending writes statement number n if that statement sends a request, and otherwise returns
// false. contexts, shadowing, goroutine and blocks do the same for other kinds of statements.
func (p *program) sending(n int, s string) bool {
	http := func(name string) string { return p.of("net/http", name) }
	switch {
	case n == 6 && http("") != "":
		req := p.name("req")
		p.write("%s, err%s := %s(\"GET\", \"/\", nil)\n\tsend(%s, err%s)", req, req, http("NewRequest"), req, req)
	case n == 7 && http("") != "":
		p.write("send(%s(%s))", http("NewRequest"), p.pick("target()", `"PUT", "/", nil`))
	case n == 8 && http("") != "":
		p.write("_, _ = %s", p.pick(http("Get"), s+".Client.Head")+`("/")`)
	case n == 9:
		p.write("_, _ = %s.Rest.R()%s.Get(\"/\")", s, p.pick("", `.SetBody("")`))
	default:
		return false
	}
	return true
}

// contexts writes statements that make or use contexts.
func (p *program) contexts(n int, s string, request *string, depth int) bool {
	context := func(name string) string { return p.of("context", name) }
	switch {
	case n == 10 && context("") != "":
		p.write("use(%s())", context(p.pick("Background", "TODO")))
	case n == 11 && context("") != "":
		v := p.name("own")
		p.write("%s, cancel%s := %s(%s())\n\tdefer cancel%s()\n\tuse(%s)", v, v, context("WithCancel"), context("Background"), v, v)
	case n == 12 && context("") != "" && *request != "":
		v := p.name("late")
		p.write("var %s %s", v, context("Context"))
		p.line(s)
		p.write("{")
		p.block(s, request, depth)
		p.write("}")
		p.write("%s = %s.Context()", v, *request)
		p.line(s)
		p.write("use(%s)", v)
	case n == 13 && *request != "" && *request != "ctx" && p.declare("ctx"):
		p.write("ctx := %s.Context()\n\tuse(ctx)", *request)
	case n == 14 && *request != "" && depth > 0:
		v := p.name("ctx")
		p.write("%s, err%s := auth(some(%s))\n\tif err%s != nil {", v, v, *request, v)
		p.block(s, request, depth)
		p.write("%s\n\t}\n\tuse(%s)", p.pick("\treturn", ""), v)
	case n == 24 && depth > 0 && context("") != "":
		p.write("_ = func(%s %s) {", p.pick("inner", "_"), context("Context"))
		p.block(s, request, depth)
		p.write("}")
	case n == 26 && context("") != "" && *request != "ctx":
		if ctx := context("Context"); p.declare("ctx") {
			p.write("var ctx %s\n\tuse(ctx)", ctx)
		}
	default:
		return false
	}
	return true
}

// shadowing writes a variable that shadows a name which a fix needs.
func (p *program) shadowing(n int, request *string) bool {
	if n != 25 {
		return false
	}
	name := p.pick("ctx", "context", "workerpool", "slog", "http", "r")
	if !p.declare(name) {
		return false
	}
	p.write("%s := 1\n\t_ = %s", name, name)
	if name == *request {
		*request = ""
	}
	return true
}

// goroutine writes goroutines, and functions that run later.
func (p *program) goroutine(n int, s string, request *string, depth int) bool {
	switch {
	case n == 15 && depth > 0:
		p.write("go func() {")
		p.block(s, request, depth)
		p.write("}()")
	case n == 16 && depth > 0:
		p.write("go func(n int) {")
		p.block(s, request, depth)
		p.write("}(1)")
	case n == 17 && depth > 0 && p.of("time", "") != "":
		p.write("%s(1, func() {", p.of("time", "AfterFunc"))
		p.block(s, request, depth)
		p.write("})")
	case n == 18 && depth > 0:
		p.write("%s(func() {", p.pick(s+".Pool.Submit", "_ = "+s+".Pool.Go", s+".Wait.Go", "later"))
		p.block(s, request, depth)
		p.write("})")
	case n == 19:
		p.write("%s", p.pick("go note()", "later(note)", s+".Wait.Go(note)", "defer note()"))
	case n == 28 && depth > 0:
		p.write("defer func() {")
		p.block(s, request, depth)
		p.write("}()")
	default:
		return false
	}
	return true
}

// blocks writes statements that contain blocks.
func (p *program) blocks(n int, s string, request *string, depth int) bool {
	switch {
	case n == 20 && depth > 0:
		p.write("if %s.L != nil {", s)
		p.block(s, request, depth)
		p.write("} else {")
		p.block(s, request, depth)
		p.write("}")
	case n == 21 && depth > 0:
		i := p.name("i")
		p.write("for %s := range 2 {\n\t_ = %s", i, i)
		p.block(s, request, depth)
		p.write("}")
	case n == 22 && depth > 0:
		p.write("switch {\n\tcase %s.L == nil:", s)
		p.block(s, request, depth)
		p.write("default:")
		p.block(s, request, depth)
		p.write("}")
	case n == 23 && depth > 0:
		p.write("func() {")
		p.block(s, request, depth)
		p.write("}()")
	case n == 27 && depth > 0:
		p.write("select {\n\tdefault:")
		p.block(s, request, depth)
		p.write("}")
	default:
		return false
	}
	return true
}
