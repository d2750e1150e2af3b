package main

import (
	"flag"
	"strings"
	"time"
)

// repeated is a flag that may be given several times.
type repeated []string

func (r *repeated) String() string { return strings.Join(*r, ",") }

func (r *repeated) Set(value string) error {
	*r = append(*r, value)
	return nil
}

// pairs reads values of the form KEY=VALUE.
func (r repeated) pairs() map[string]string {
	out := map[string]string{}
	for _, text := range r {
		key, value, _ := strings.Cut(text, "=")
		out[key] = value
	}
	return out
}

// What is run, and against which server.
var (
	endpoint   = flag.String("endpoint", "localhost:8000", "agent server (host:port, plaintext)")
	pluginKind = flag.String("plugin", "connector", "connector (what Propeller 1.16 prefers) or agent (deprecated name); same wire")
	taskFile   = flag.String("task", "", "core.TaskTemplate, .json (protobuf JSON) or binary .pb")
	inputsFile = flag.String("inputs", "", "core.LiteralMap, .json or binary .pb (default: empty map)")
	listOnly   = flag.Bool("list", false, "only print the registry")
	count      = flag.Int("count", 1, "run this many copies, each its own execution")
)

// What the execution is called, and what it carries.
var (
	project    = flag.String("project", "p1", "")
	domain     = flag.String("domain", "development", "")
	execName   = flag.String("exec", "", "execution name (default: random)")
	nodeID     = flag.String("node", "n0", "")
	fillID     = flag.Bool("metadata-override", true, "fill template.id when absent")
	envFlags   repeated
	labelFlags repeated
)

// What happens to the execution.
var (
	firstAttempt    = flag.Int("retry-attempt", 0, "retry_attempt of the first attempt")
	maxAttempts     = flag.Int("max-attempts", 1, "on a retryable failure go on with retry_attempt+1, up to this many attempts")
	abortAfter      = flag.Int("abort-after", -1, "call the plugin's Abort this many Handle rounds after the one that created the task (0: right after the create)")
	doubleAbort     = flag.Bool("double-abort", false, "call Abort twice (it must be idempotent)")
	recreate        = flag.Int("recreate", 0, "lose the state after CreateTask this many times, with a restarted Propeller: CreateTask comes again with the same task execution id")
	restartAfter    = flag.Int("restart-propeller-after", -1, "after this many rounds drop the plugin and its cache and go on from the persisted state")
	maxHandleErrors = flag.Int("max-handle-errors", 10, "Handle errors tolerated before giving up (Propeller: max-workflow-retries 10)")
	faultFlags      repeated
)

// How Propeller is configured.
var (
	configFile   = flag.String("config", "", "Propeller's configuration file; the endpoint, --resync, --registry-poll and --rpc-timeout win over it")
	resync       = flag.Duration("resync", 5*time.Second, "cache resync interval (plugin default 30s; webapi allows no less than 5s)")
	registryPoll = flag.Duration("registry-poll", 2*time.Second, "ListAgents interval (plugin default 10s)")
	rpcTimeout   = flag.Duration("rpc-timeout", 0, "per-RPC deadline (0: the plugin's own default, 10s connector, 3s agent)")
	interval     = flag.Duration("interval", 250*time.Millisecond, "pause between Handle rounds")
	timeout      = flag.Duration("timeout", 2*time.Minute, "give up after this long")
	waitType     = flag.Duration("wait-type", 10*time.Second, "how long to wait for ListAgents to announce the task type")
	storageFlag  = flag.String("storage", "mem", "mem | local:DIR | s3:ENDPOINT,ACCESS_KEY,SECRET,BUCKET")
	prefix       = flag.String("prefix", "", "metadata prefix (default: mem://drive/metadata, or s3://BUCKET/metadata)")
)

// What is printed.
var (
	direct     = flag.Bool("direct", false, "no recording relay: the plugin dials the endpoint itself")
	noMessages = flag.Bool("no-messages", false, "do not print requests and responses")
	verbose    = flag.Bool("v", false, "plugin logs on stderr")
)

func parseFlags() {
	flag.Var(&faultFlags, "fault", "METHOD:FROM[-TO]:CODE[:after] or METHOD:FROM[-TO]:delay=DUR, e.g. GetTask:2-7:UNAVAILABLE (repeatable); :after lets the call reach the server and drops the answer")
	flag.Var(&envFlags, "env", "K=V for task_execution_metadata.environment_variables (repeatable)")
	flag.Var(&labelFlags, "label", "K=V label (repeatable)")
	flag.Parse()
}
