// The test server of the Databricks CLI on a port of the loopback address: a workspace in memory for each token.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/databricks/cli/libs/testserver"
	"github.com/databricks/cli/libs/testserver/testsql"
)

// It is written for Go's tests, and is given what it wants of one.
type program struct{}

func (program) Log(args ...any)                   { log.Print(args...) }
func (program) Logf(format string, args ...any)   { log.Printf(format, args...) }
func (program) Error(args ...any)                 { log.Print(args...) }
func (program) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (program) Fatal(args ...any)                 { log.Fatal(args...) }
func (program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
func (program) Skip(args ...any)                  { log.Print(args...) }
func (program) Skipf(format string, args ...any)  { log.Printf(format, args...) }
func (program) FailNow()                          { os.Exit(1) }
func (program) Cleanup(func())                    {}
func (program) Context() context.Context          { return context.Background() }
func (program) Setenv(key, value string)          { os.Setenv(key, value) }
func (program) TempDir() string                   { return os.TempDir() }
func (program) Chdir(string)                      {}
func (program) Name() string                      { return "program" }
func (program) Helper()                           {}

func main() {
	port := flag.Uint("port", 0, "the port")
	flag.Parse()
	server := testserver.New(program{})
	testserver.AddDefaultHandlers(server)
	server.HandleSQLPattern(regexp.MustCompile(`count\(\*\)`), func(testsql.Request) testsql.Result {
		return testsql.Result{}
	})
	target, err := url.Parse(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	// It knows version 2.2 of the Jobs API alone.
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.Replace(r.URL.Path, "/api/2.1/", "/api/2.2/", 1)
		proxy.ServeHTTP(w, r)
	})
	log.Fatal(http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *port), handler))
}
