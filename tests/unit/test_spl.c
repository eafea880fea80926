/* test_spl.c - Splunk searches: what they mean, and what is said about bad ones. Every vector and
 * trap of the language that weir was built against has a row.
 *
 * Places are those of the search's own text, 1-based.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "lang/lang.h"

/* ---- meaning ------------------------------------------------------------------------------- */

#define NAME_10 "abcdefghij"
#define NAME_130                                                                            \
    NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 \
        NAME_10 NAME_10

static const struct query_case rows[] = {
    /* Case aside, whole values, * for any run of characters. */
    {"a=x", "{'a':'X'}", true},
    {"a=x", "{'a':'xy'}", false},
    {"a=x*", "{'a':'Xyz'}", true},
    {"a=*y*", "{'a':'xyz'}", true},
    {"a='x y'", "{'a':'x y'}", true},
    {"a=x", "{'A':'x'}", false},
    {"a=*", "{'a':'x'}", true},
    {"a=*", "{'b':'x'}", false},
    {"NOT a=*", "{'b':'x'}", true},
    {"NOT a=*", "{'a':null}", true},
    {"a='*\\\\x'", "{'a':'c:\\\\x'}", true},
    {"a=*\\\\x", "{'a':'c:\\\\x'}", true},
    {"a=*\\'b\\':true*", "{'a':'{\\'b\\':true}'}", true},
    {"a=*\\'b\\'* | search c=1", "{'a':'{\\'b\\'}','c':1}", true},
    {"\"a b\"=x", "{'a b':'x'}", true},
    /* OR binds tighter than AND. */
    {"a=1 b=1 OR c=1", "{'a':1,'c':1}", true},
    {"a=1 b=1 OR c=1", "{'c':1}", false},
    {"a=1 AND b=1 OR c=1", "{'a':2,'c':1}", false},
    {"a=1 OR b=1 c=1", "{'a':1}", false},
    {"NOT a=1 b=1", "{'b':1}", true},
    {"NOT a=1 OR b=1", "{'a':1,'b':1}", true},
    {"NOT (a=1 b=1)", "{'a':1,'b':2}", true},
    {"NOT NOT a=1", "{'a':1}", true},
    /* != wants the field, NOT does not. */
    {"a!=x", "{'a':'y'}", true},
    {"a!=x", "{'b':'y'}", false},
    {"NOT a=x", "{'b':'y'}", true},
    {"a!=x*", "{'a':'xyz'}", false},
    {"a!=*", "{'a':'x'}", false},
    /* Several members: = some, != some other, NOT = none. */
    {"a{}=x", "{'a':['y','x']}", true},
    {"a{}!=x", "{'a':['y','x']}", true},
    {"a{}!=x", "{'a':['x','X']}", false},
    {"NOT a{}=x", "{'a':['y','x']}", false},
    {"NOT a{} IN (x)", "{'a':['y','z']}", true},
    {"a{}.b{}.c=x", "{'a':[{'b':[{'c':'x'}]}]}", true},
    {"a IN (x, 'y*')", "{'a':'YES'}", true},
    /* A network is all that is in it. */
    {"a=10.0.0.0/8", "{'a':'10.1.2.3'}", true},
    {"a=10.0.0.0/8", "{'a':'11.1.2.3'}", false},
    {"a=10.0.0.0/8", "{'a':'10.0.0.0/8'}", true},
    {"a=10.0.0.0/8", "{'a':'x'}", false},
    {"a='10.0.0.0/8'", "{'a':['1.1.1.1','10.9.9.9']}", true},
    {"a=10.1.2.3/8", "{'a':'10.9.9.9'}", true},
    {"a=2001:db8::/32", "{'a':'2001:db8::1'}", true},
    {"a!=10.0.0.0/8", "{'a':'11.1.2.3'}", true},
    {"a!=10.0.0.0/8", "{'a':'10.1.2.3'}", false},
    {"a!=10.0.0.0/8", "{'b':1}", false},
    {"a!=10.0.0.0/8", "{'a':'x'}", true},
    {"NOT a=10.0.0.0/8", "{'b':1}", true},
    {"NOT a IN (10.0.0.0/8, 192.168.0.0/16)", "{'a':'192.168.4.5'}", false},
    {"NOT a IN (10.0.0.0/8, 192.168.0.0/16)", "{'a':'8.8.8.8'}", true},
    {"a=1.2.3/24", "{'a':'1.2.3.4'}", false},
    {"a=10.0.0.0/33", "{'a':'10.0.0.1'}", false},
    /* Parts of the event's time, unless it has a field of this name. */
    {"date_year=2023 date_month=november date_mday=14 date_wday=Tuesday date_hour=22 "
     "date_minute=13 date_second=20",
     "{'@timestamp':1700000000500}", true},
    {"date_wday=Friday OR date_hour<22", "{'@timestamp':1700000000500}", false},
    {"date_hour=7", "{'date_hour':7}", true},
    {"* | where date_hour=7", "{'date_hour':7}", true},
    {"* | eval date_hour=5 | where date_hour=5", "{'a':1}", true},
    {"a IN(x y)", "{'a':'y'}", true},
    {"a in (1,2)", "{'a':2}", true},
    {"NOT a IN (1,2)", "{'b':2}", true},
    /* Numbers as numbers, else texts. */
    {"a=4104", "{'a':'4104'}", true},
    {"a=4104", "{'a':4104}", true},
    {"a=5", "{'a':5.0}", true},
    {"a>9", "{'a':10}", true},
    {"a>9", "{'a':'10'}", true},
    {"a>=b", "{'a':'c'}", true},
    {"a<5", "{'b':1}", false},
    {"NOT a<5", "{'b':1}", true},
    {"a=true", "{'a':true}", true},
    {"a=False", "{'a':false}", true},
    /* Terms: words anywhere, with borders. */
    {"disabled", "{'m':'service is Disabled.'}", true},
    {"disabled", "{'m':'isdisabled'}", false},
    {"*disabled", "{'m':'isdisabled'}", true},
    {"dis*ed", "{'m':'disabled'}", true},
    {"'was disabled'", "{'m':'it was disabled'}", true},
    {"NOT disabled", "{'m':'enabled'}", true},
    {"CASE(Disabled)", "{'m':'it is Disabled.'}", true},
    {"CASE(Disabled) m=*", "{'m':'it is disabled.'}", false},
    {"CASE(\"a b\") OR c=1", "{'m':'x a b'}", true},
    {"a_b", "{'m':'x a_b y'}", true},
    {"b", "{'m':'a_b'}", true},
    /* A source beside the terms says where to look, elsewhere it is a field. */
    {"sourcetype=x a=1", "{'a':1}", true},
    {"(sourcetype=x a=1)", "{'a':1}", true},
    {"(sourcetype=x OR source=y) a=1", "{'a':1}", true},
    {"sourcetype=x OR a=1", "{'b':1}", false},
    {"sourcetype=x OR a=1", "{'a':1}", true},
    {"sourcetype=x OR a=1", "{'sourcetype':'X'}", true},
    {"a=1 OR source=x*", "{'source':'xy'}", true},
    {"(source=x a=1) OR (source=y b=1)", "{'source':'y','b':1}", true},
    {"(source=x a=1) OR (source=y b=1)", "{'source':'y','a':1}", false},
    {"NOT sourcetype=x", "{'sourcetype':'x'}", false},
    {"NOT sourcetype IN (x,y)", "{'sourcetype':'z'}", true},
    {"source!=x", "{'source':'y'}", true},
    {"* | search sourcetype=x", "{'a':1}", false},
    {"index=x sourcetype=* a=1", "{'a':1}", true},
    /* where and eval: case matters, a bare word is a field, null is neither. */
    {"* | where a=\"X\"", "{'a':'X'}", true},
    {"* | where a=\"x\"", "{'a':'X'}", false},
    {"* | where a=b", "{'a':'x','b':'x'}", true},
    {"* | where a=b", "{'a':'b'}", false},
    {"* | where NOT a=\"x\"", "{'b':1}", false},
    {"* | where a!=\"x\"", "{'b':1}", false},
    {"* | where a!=\"x\"", "{'a':'y'}", true},
    {"* | where isnull(a)", "{'b':1}", true},
    {"* | where isnotnull(a)", "{'b':1}", false},
    {"* | where a=1 OR b=1 AND c=1", "{'a':1}", true},
    {"* | where (a=1 OR b=1) AND c=1", "{'a':1}", false},
    {"* | where a=1 XOR b=1", "{'a':1,'b':1}", false},
    {"* | where a=1 XOR b=1", "{'a':1,'b':2}", true},
    {"* | where a+1>b*2", "{'a':4,'b':2}", true},
    {"* | where a+\":\"+b=\"x:5\"", "{'a':'x','b':5}", true},
    {"* | where a+\"5\"=15", "{'a':10}", true},
    {"* | where isnull(a+\":\"+b)", "{'a':'x'}", true},
    {"* | where \1x.y\1=1", "{'x':{'y':1}}", true},
    {"* | where x.y=\"ab\"", "{'x':'a','y':'b'}", true},
    {"* | where LIKE(a, \"%b_\")", "{'a':'xxbc'}", true},
    {"* | where like(a, \"%B_\")", "{'a':'xxbc'}", false},
    {"* | where a LIKE \"x%\"", "{'a':'xx'}", true},
    {"* | where a IN (\"x\",\"y\")", "{'a':'y'}", true},
    {"* | where in(a,\"x*\")", "{'a':'xy'}", false},
    {"* | where match(a, \"^x\\d$\")", "{'a':'x5'}", true},
    {"* | where match(a, \"b\")", "{'a':'abc'}", true},
    {"* | where cidrmatch(\"10.0.0.0/8\", a)", "{'a':'10.1.2.3'}", true},
    {"* | where NOT cidrmatch(\"10.0.0.0/8\", a)", "{'b':1}", false},
    {"* | where len(a)=3", "{'a':'abc'}", true},
    {"* | where lower(a)=\"x\"", "{'a':'X'}", true},
    {"* | where substr(a,1,2)=\"PK\"", "{'a':'PK34'}", true},
    {"* | where substr(a,-2)=\"34\"", "{'a':'PK34'}", true},
    {"* | where substr(a,2,9223372036854775807)=\"K34\"", "{'a':'PK34'}", true},
    {"* | where substr(a,9223372036854775807,9223372036854775807)=\"4\"", "{'a':'PK34'}", false},
    {"* | where mvcount(a)=2", "{'a':['x','y']}", true},
    {"* | where mvindex(a,-1)=\"y\"", "{'a':['x','y']}", true},
    {"* | where isnull(mvindex(a,5))", "{'a':['x','y']}", true},
    {"* | where coalesce(a,b)=1", "{'b':1}", true},
    {"* | where replace(a,\"(.*\\\\\\)\",\"\")=\"x\"", "{'a':'c:\\\\d\\\\x'}", true},
    {"* | where 7/2=3.5", "{'a':1}", true},
    {"* | where 7%2=1", "{'a':1}", true},
    {"* | where case(a=1,\"p\",true(),\"q\")=\"q\"", "{'b':1}", true},
    {"* | where isnull(case(a=1,\"p\"))", "{'a':2}", true},
    /* Forms of values, members one by one, texts that are JSON, times in texts. */
    {"* | where isnum(a) AND isint(a)", "{'a':'12'}", true},
    {"* | where isnum(a)", "{'a':'x'}", false},
    {"* | where isint(a)", "{'a':1.5}", false},
    {"* | where isstr(a)", "{'a':'x'}", true},
    {"* | where isstr(a)", "{'a':'12'}", false},
    {"* | where isstr(\"12\")", "{'a':1}", true},
    {"* | where isnum(b)", "{'a':1}", false},
    {"* | where tostring(a,\"hex\")=\"0xFF\"", "{'a':255}", true},
    {"* | where tostring(a,\"commas\")=\"12,345\"", "{'a':12345}", true},
    {"* | where tostring(a,\"duration\")=\"00:10:15\"", "{'a':615}", true},
    {"* | where mvcount(mvfilter(match(a,\"^x\")))=2", "{'a':['x1','y','x2']}", true},
    {"* | where isnull(mvfilter(a=\"z\"))", "{'a':['x','y']}", true},
    {"* | where mvjoin(mvfilter(NOT match(\1a.b\1,\"y\")),\"\")=\"x\"", "{'a':{'b':['x','y']}}",
     true},
    {"* | where mvjoin(mvmap(a,a.\"-\".b),\",\")=\"x-1,y-1\"", "{'a':['x','y'],'b':1}", true},
    {"* | where mvjoin(mvzip(a,b,\"=\"),\";\")=\"x=1;y=2\"", "{'a':['x','y'],'b':[1,2]}", true},
    {"* | where mvjoin(mvzip(a,b),\";\")=\"x,1\"", "{'a':'x','b':[1,2]}", true},
    {"* | where mvjoin(mvrange(1,6,2),\",\")=\"1,3,5\"", "{'a':1}", true},
    {"* | where json_extract(a,\"b.c{1}\")=\"y\"",
     "{'a':'{\\\"b\\\":{\\\"c\\\":[\\\"x\\\",\\\"y\\\"]}}'}", true},
    {"* | where json_valid(a)", "{'a':'{'}", false},
    {"* | where mvcount(json_array_to_mv(a))=3", "{'a':'[1,2,3]'}", true},
    {"* | where spath(a,\"b{}.c\")=\"2\"", "{'a':'{\\\"b\\\":[{\\\"c\\\":1},{\\\"c\\\":2}]}'}",
     true},
    {"* | where strptime(a,\"%Y-%m-%d\")=1767225600", "{'a':'2026-01-01'}", true},
    {"* | where isnull(strptime(a,\"%Y-%m-%d\"))", "{'a':'soon'}", true},
    {"* | where strptime(\"2026-01-02\",\"%Y-%m-%d\")-strptime(a,\"%Y-%m-%d\")=86400",
     "{'a':'2026-01-01'}", true},
    {"* | where round(exp(a),3)=2.718 AND round(pi(),2)=3.14", "{'a':1}", true},
    {"* | nomv a | where len(a)=3 AND mvcount(a)=1", "{'a':['x','y']}", true},
    {"* | strcat a \"/\" b c | where c=\"x/1\"", "{'a':'x','b':1}", true},
    {"* | strcat a \"/\" b c | where c=\"x/\"", "{'a':'x'}", true},
    {"* | strcat allrequired=t a \"/\" b c | where isnull(c)", "{'a':'x'}", true},
    {"* | replace \"x*\" WITH one, y WITH two IN a, b | where a=\"one\" AND b=\"two\"",
     "{'a':'xyz','b':'y'}", true},
    {"* | replace x WITH y IN a | where a=\"xx\"", "{'a':'xx'}", true},
    {"* | rex mode=sed field=a \"s/[0-9]+/N/g\" | where a=\"N-N\"", "{'a':'12-7'}", true},
    {"* | rex field=a mode=sed \"s/(x)(y)/\\\\2\\\\1/g\" | where a=\"yx.yx\"", "{'a':'xy.xy'}",
     true},
    {"* | rex mode=sed field=a \"s/\\\\//:/g\" | where a=\":b\"", "{'a':'/b'}", true},
    {"* | spath input=a path=b.c output=d | where d=7", "{'a':'{\\\"b\\\":{\\\"c\\\":7}}'}", true},
    {"* | spath input=a path=b.c | where \1b.c\1=7", "{'a':{'b':{'c':7}}}", true},
    {"* | addtotals a, b c | where Total=6", "{'a':1,'b':'2','c':3.0}", true},
    {"* | addtotals fieldname=s a b | where s=2", "{'a':'x','b':2}", true},
    {"* | eval a=if(b=1,\"4\",0) | addtotals fieldname=s a b | search s=5", "{'b':1}", true},
    /* All of a text that is JSON, or of the object that it already is: before what else is called
       so. */
    {"* | spath input=a | search b.c=7", "{'a':'{\\\"b\\\":{\\\"c\\\":7}}'}", true},
    {"* | spath input=a | search b.c=7", "{'a':{'b':{'c':7}}}", true},
    {"* | spath input=a | search b=7", "{'a':'{\\\"b\\\":8}','b':7}", false},
    {"* | spath input=a | search b=8", "{'a':'{\\\"b\\\":8}','b':7}", true},
    {"* | spath input=a | search b=7", "{'a':'{\\\"c\\\":8}','b':7}", true},
    {"* | spath input=a | search b=7", "{'a':'no JSON','b':7}", true},
    {"* | spath input=a | search b{}=y", "{'a':'{\\\"b\\\":[\\\"x\\\",\\\"y\\\"]}'}", true},
    {"* | spath input=a | search NOT b{}=y", "{'a':'{\\\"b\\\":[\\\"x\\\",\\\"y\\\"]}'}", false},
    {"* | spath input=a | rename b AS c | search c=8 | where isnull(b)", "{'a':'{\\\"b\\\":8}'}",
     true},
    {"* | spath input=a | eval b=1 | where b=1", "{'a':'{\\\"b\\\":8}'}", true},
    {"* | spath input=a | fields - b | where isnull(b)", "{'a':'{\\\"b\\\":8}'}", true},
    {"* | spath input=a | fields b | where b=8 AND isnull(c)", "{'a':'{\\\"b\\\":8,\\\"c\\\":1}'}",
     true},
    {"* | spath input=a | rex field=b \"(?<c>z)\" | where isnull(c)",
     "{'a':'{\\\"b\\\":8,\\\"c\\\":1}'}", true},
    {"* | spath input=a | fillnull | search d=0 b=8", "{'a':'{\\\"b\\\":8}'}", true},
    {"* | spath input=a | mvexpand b{} | where \1b{}\1=\"y\"",
     "{'a':'{\\\"b\\\":[\\\"x\\\",\\\"y\\\"]}'}", true},
    {"* | spath input=a | stats count by b", "{'a':'{\\\"b\\\":8}'}", true},
    {"* | spath input=a | stats count by c", "{'a':'{\\\"b\\\":8}'}", false},
    {"* | fieldformat a=b | tail 5 | reverse | where a=1", "{'a':1}", true},
    /* Not there: mvfind() is null, so the condition is not true, -1 is the last member. */
    {"* | eval i=if(mvfind(\1k{}.n\1,\"two\")>=0, mvfind(\1k{}.n\1,\"two\"), -1) | eval "
     "v=mvindex(\1k{}.v\1,i) "
     "| where v=\"b\"",
     "{'k':[{'n':'one','v':'a'},{'n':'two','v':'b'}]}", true},
    {"* | eval i=if(mvfind(\1k{}.n\1,\"six\")>=0, mvfind(\1k{}.n\1,\"six\"), -1) | eval "
     "v=mvindex(\1k{}.v\1,i) "
     "| where v=\"b\"",
     "{'k':[{'n':'one','v':'a'},{'n':'two','v':'b'}]}", true},
    /* Columns. */
    {"* | eval b=a | search b=X", "{'a':'x'}", true},
    {"* | rename a as b | search b=x", "{'a':'x'}", true},
    {"* | rename a as b | search a=x", "{'a':'x'}", false},
    {"* | rename p.* as * | search s.c=5", "{'p':{'s':{'c':5}}}", true},
    {"* | rex field=a \"Scope: (?<S>[^,]+)\" | search S=mail", "{'a':'x Scope: Mail, y'}", true},
    {"* | rex field=a \"(?<S>z+)\" | where isnull(S)", "{'a':'x'}", true},
    {"* | rex field=a \"(?<a>z+)\" | search a=x", "{'a':'x'}", true},
    {"* | makemv delim=\" \" a | search a IN (Mail.Read)", "{'a':'x Mail.Read y'}", true},
    {"* | makemv delim=\",\" a | where mvcount(a)=2", "{'a':'x,,y'}", true},
    {"* | rex field=a \"(?<S>z+)\" | where isnull(S)", "{'b':'x'}", true},
    {"* | where isnull(lower(a))", "{'b':'x'}", true},
    {"* | regex a=\"^x\"", "{'a':'xy'}", true},
    {"* | regex a!=\"^x\"", "{'a':'xy'}", false},
    {"* | fillnull | search a=0", "{'b':1}", true},
    {"* | fillnull value=none a | search a=none", "{'b':1}", true},
    {"* | fillnull a | where isnull(c)", "{'b':1}", true},
    {"* | fields a | where isnull(b)", "{'a':1,'b':1}", true},
    {"* | fields - a | where isnull(a)", "{'a':1}", true},
    {"* | mvexpand a | where a=\"y\"", "{'a':['x','y']}", true},
    {"* | rex max_match=0 field=a \"(?<x>\\d)\" | where mvcount(x)=3", "{'a':'1-2-3'}", true},
    {"* | rex max_match=2 field=a \"(?<x>\\d)\" | where mvcount(x)=2", "{'a':'1-2-3'}", true},
    {"* | rex max_match=0 field=a \"(?<x>b*)\" | where mvcount(x)=4", "{'a':'xbby'}", true},
    {"* | rex max_match=9 field=a{} \"(?<x>\\d)\" | search x=2", "{'a':['1','x2']}", true},
    {"* | rex max_match=0 field=a \"(?<x>\\d)\" | where isnull(x)", "{'a':'z'}", true},
    {"* | spath output=x path=a.b | search x=1", "{'a':{'b':1}}", true},
    {"* | spath output=x a{}.b | search x=1", "{'a':[{'b':1}]}", true},
    {"* | spath", "{'a':1}", true},
    {"* | where substr(a,0,2)=\"PK\"", "{'a':'PK34'}", true},
    /* A list with columns: every row of the entry, case as the list says. */
    {"* | lookup owners host AS h OUTPUT owner | search owner=bob", "{'h':'DB1'}", true},
    {"* | lookup owners host AS h OUTPUT owner AS o | where o=\"carol\" AND mvcount(o)=2",
     "{'h':'web1'}", true},
    {"* | lookup owners host OUTPUT owner | where isnull(owner)", "{'host':'x'}", true},
    {"* | lookup owners host OUTPUT owner | where isnull(owner)", "{'a':1}", true},
    {"* | lookup owners host OUTPUT owner | where isnull(owner)", "{'host':'bare'}", true},
    {"* | lookup owners host AS h{} OUTPUT owner | search owner=alice owner=bob",
     "{'h':['web1','db1']}", true},
    {"* | lookup owners host OUTPUTNEW owner | search owner=x", "{'host':'db1','owner':'x'}", true},
    {"* | lookup owners host OUTPUTNEW owner | search owner=bob", "{'host':'db1'}", true},
    {"* | lookup owners host OUTPUT owner | search owner=bob", "{'host':'db1','owner':'x'}", true},
    /* Times are in seconds. */
    {"* | where _time>=1700000000 AND _time<1700000001", "{'@timestamp':1700000000500}", true},
    {"* | where _time>=1700000001", "{'@timestamp':1700000000500}", false},
    {"* | search _time<1700000001", "{'@timestamp':1700000000500}", true},
    {"* | eval t=_time+1 | where t=1700000001", "{'@timestamp':1700000000000}", true},
    {"* | where strftime(_time, \"%Y\")=\"2023\"", "{'@timestamp':1700000000000}", true},
    {"* | where strftime(_time, \"%Y.%Q\")=\"2023.345\"", "{'@timestamp':1700000000345}", true},
    {"* | eval t=_time | where strftime(t, \"%Y\")=\"2023\"", "{'@timestamp':1700000000000}", true},
    {"* | bin _time span=1h | where _time=1699999200", "{'@timestamp':1700000000000}", true},
    {"* | bin span=1d@d _time as d | where d=1699920000 AND _time=1700000000",
     "{'@timestamp':1700000000000}", true},
    /* A stream's now is the event's time. Weeks begin on Sunday, w1 is Monday. */
    {"* | where now()=1700000000 AND time()=now()", "{'@timestamp':1700000000000}", true},
    {"* | where relative_time(now(), \"-1d@d\")=1699833600", "{'@timestamp':1700000000000}", true},
    {"* | where relative_time(_time, \"@h+5m\")=1699999500", "{'@timestamp':1700000000000}", true},
    {"* | where relative_time(a, \"@w\")=1699747200", "{'a':'1700000000'}", true},
    {"* | where relative_time(a, \"@w1\")=1699833600", "{'a':1700000000}", true},
    {"* | where relative_time(a, \"-h\")=1699996400", "{'a':1700000000}", true},
    {"* | where strptime(a, \"%Y-%m-%d\") < relative_time(now(), \"-7d\")",
     "{'@timestamp':1700000000000,'a':'2023-11-01'}", true},
    {"* | where strptime(a, \"%Y-%m-%d\") < relative_time(now(), \"-7d\")",
     "{'@timestamp':1700000000000,'a':'2023-11-10'}", false},
    {"* | where _time > relative_time(now(), \"-1h@h\") AND a=1", "{'a':1}", true},
    {"* | eval new=if(relative_time(now(), \"-70m@m\")<_time, 1, 0) | where new=1", "{'a':1}",
     true},
    /* How far back the search looks asks nothing of an event. */
    {"earliest=-24h@h latest=now a=1", "{'a':1}", true},
    {"index=x (sourcetype=y earliest=-5m) a=1", "{'a':1}", true},
    {"* | convert ctime(_time) as t | where t=\"11/14/2023 22:13:20\"",
     "{'@timestamp':1700000000000}", true},
    {"* | convert timeformat=\"%Y\" ctime(a) as t num(b), mktime(c) as d | where t=\"2023\" AND "
     "b=7 AND d=1672531200",
     "{'a':1700000000,'b':'7','c':'2023'}", true},
    {"* | convert num(b) | where isnull(b)", "{'b':'x'}", true},
    {"* | where a=.5 AND b=1e3 AND c=2E-1", "{'a':0.5,'b':1000,'c':0.2}", true},
    {"* | makemv tokenizer=\"(\\w+)=\" a | where mvjoin(a, \"+\")=\"x+y\"", "{'a':'x=1, y=2'}",
     true},
    {"* | dedup a sortby -_time", "{'a':1}", true},
    /* Places: all members' are, those that nobody knows are missing. */
    {"* | iplocation a | search Country=germany City=Berlin lat>52", "{'a':'192.0.2.7'}", true},
    {"* | iplocation a | where isnull(City)", "{'a':'198.51.100.7'}", true},
    {"* | iplocation a | where isnull(Country)", "{'a':'10.0.0.1'}", true},
    {"* | iplocation a | where isnull(Country)", "{'a':'no address'}", true},
    {"* | iplocation a | where isnull(Country)", "{'b':1}", true},
    {"* | iplocation prefix=x_ a | search x_Country=Germany", "{'a':'192.0.2.7'}", true},
    {"* | iplocation a{} | search Country='United States'", "{'a':['192.0.2.7','198.51.100.7']}",
     true},
    {"* | iplocation a{} | fillnull | search NOT Country='United States'",
     "{'a':['192.0.2.7','198.51.100.7']}", false},
    {"* | iplocation a{} | fillnull | search NOT Country='United States'", "{'a':['10.0.0.1']}",
     true},
    {"* | iplocation a | fillnull | search Country=0", "{'a':'10.0.0.1'}", true},
    {"* | sort - a | head 5 | table a", "{'a':1}", true},
    /* A row without one of the fields behind BY is in no group, and told by none. */
    {"a=1 | stats count by b", "{'a':1}", false},
    {"a=1 | stats count by b", "{'a':1,'b':null}", false},
    {"a=1 | stats count by a b", "{'a':1,'b':'x'}", true},
    {"a=1 | stats count by _time b", "{'a':1,'b':'x'}", true},
    {"a=1 | fillnull | stats count by b", "{'a':1}", true},
    {"a=1 | fillnull value=x b | stats count by b", "{'a':1}", true},
    {"a=1 | eval b=lower(c) | stats count by b", "{'a':1}", false},
    {"a=1 | stats count", "{'a':1}", true},
    /* A data model is a search of events; what they lack reads as it says, or as unknown. */
    {"| tstats count from datamodel=Web where Web.url=*x* by Web.src", "{'url':'axb'}", true},
    {"| tstats count from datamodel=Web where Web.url=*x* by Web.src", "{'url':'ab'}", false},
    {"| tstats summariesonly=true count FROM datamodel=Web by Web.url | rename Web.* as * | where "
     "url=\"unknown\" AND count>0",
     "{'a':1}", true},
    {"| tstats fillnull_value='null' values(Web.a) as a min(_time) from datamodel=Web where "
     "(Web.a=1 OR Web.b=1) by Web.url span=1h _time",
     "{'b':1}", true},
    {"| tstats count from datamodel=Network_Traffic where All_Traffic.dest=h by All_Traffic.src",
     "{'dest_ip':'h'}", true},
    {"| tstats count from datamodel=Network_Traffic where All_Traffic.dest=h by All_Traffic.src",
     "{'dest':'h'}", false},
    {"* | regex a=\"(?<!x)y\"", "{'a':'zy'}", true},
    {"* | regex a=\"(?<!x)y\"", "{'a':'xy'}", false},
    {"* | regex a=\"\\(?=y\"", "{'a':'=y'}", true},
    {"* | eval a=null() | where isnull(a)", "{'a':1}", true},
    {"* | eval a=if(b=1,\"x\",null()) | where isnull(a)", "{'a':1,'b':2}", true},
    /* Operators are written in capitals: else they are terms. */
    {"a=1 or b=1", "{'a':1,'b':1}", false},
    {"a=1 or b=1", "{'a':1,'b':1,'c':'this or that'}", true},
    {"not a=1", "{'a':2}", false},
    /* NOT is about the next term alone. */
    {"NOT a=1 b=1", "{'a':2,'b':2}", false},
    /* Members that lack the field shift the others. */
    {"* | where mvindex(\1k{}.v\1,1)=\"c\"", "{'k':[{'v':'a'},{'n':1},{'v':'c'}]}", true},
    {"* | where mvindex(\1k{}.v\1,0,1)=\"a\"", "{'k':[{'v':'a'},{'v':'b'}]}", true},
    {"* | where mvfind(\1k{}.v\1,\"^b\")=1", "{'k':[{'v':'a'},{'v':'b'}]}", true},
    {"* | where isnull(mvfind(a,\"z\"))", "{'a':['x','y']}", true},
    {"* | where mvindex(split(a,\",\"),-2)=\"x\"", "{'a':'w,x,y'}", true},
    {"* | where tonumber(a)=5 AND round(b)=3 AND round(b,1)=2.6", "{'a':'5','b':2.55}", true},
    {"* | where tonumber(a)=5 AND tonumber(b)=2.5", "{'a':5,'b':2.5}", true},
    {"* | where tonumber(a,16)=255", "{'a':'ff'}", true},
    {"* | where isnull(tonumber(a))", "{'a':'x'}", true},
    {"* | where a.\"-\".b=\"x-1\"", "{'a':'x','b':1}", true},
    {"* | where isnull(a.b)", "{'a':'x'}", true},
    {"* | dedup a | search a=x", "{'a':'x'}", true},
    {"* | dedup 1 a b", "{'a':'x','b':1}", true},
    {"* | dedup a b", "{'a':'x'}", false},
    {"a=1 | stats count by b | dedup b", "{'a':1,'b':2}", true},
    {"a=1 | noop search_optimization=false", "{'a':1}", true},
    /* Names for ranges of numbers: all that fit. */
    {"* | rangemap field=a low=0-9 high=10-99 | search range=high", "{'a':99}", true},
    {"* | rangemap field=a low=0-9 high=10-99 | search range=high", "{'a':9}", false},
    {"* | rangemap field=a low=0-9 high=10-99 | where range='None'", "{'a':9.5}", true},
    {"* | rangemap field=a low=0-9 default=x | where range='x'", "{'b':1}", true},
    {"* | rangemap field=a p=-5-5 q=0-9 | search range=p range=q", "{'a':3}", true},
    {"* | rangemap field=a p=-5--1 q=0-9 | where range='p'", "{'a':-1}", true},
    /* Commands that are written once for several fields. */
    {"* | foreach a b [eval <<FIELD>>=lower(\1<<FIELD>>\1)] | where a='x' AND b='y'",
     "{'a':'X','b':'Y'}", true},
    {"* | eval n=0 | foreach mode=multifield a, b, c [ eval n=n+if(\1<<FIELD>>\1='x',1,0) | where "
     "n<9 ] | where n=2",
     "{'a':'x','b':'x','c':'y'}", true},
    {"* | eval n=0 | foreach a b [ eval n=n+if(\1<<FIELD>>\1='x',1,0) ] | where n=2",
     "{'a':'x','b':'z'}", false},
    /* The events of a data model as they are. */
    {"| from datamodel:'Endpoint.Processes' | search process=*x*", "{'CommandLine':'axb'}", true},
    {"| from datamodel Web.Web | search url=*x*", "{'url':'b'}", false},
    {"| datamodel Endpoint Processes search | search Processes.process=*x*",
     "{'CommandLine':'axb'}", true},
    {"| datamodel Web Web summariesonly=t flat | where url='x' | stats count by src", "{'url':'x'}",
     true},
    /* Groups that the next command makes. */
    {"| tstats prestats=t count from datamodel=Web where Web.url=*x* by Web.src | stats count by "
     "Web.src",
     "{'url':'axb'}", true},
    /* What a list that nobody has would add is only shown. */
    {"a=1 | lookup nosuch b OUTPUT c | table b c", "{'a':1}", true},
    {"a=1 | lookup nosuch b AS c, d OUTPUT e AS f g | stats values(f) as f count by d",
     "{'a':1,'d':1}", true},
    {"a=1 | lookup nosuch b OUTPUT c | eval c='x' | where c='x'", "{'a':1}", true},
    {"a=1 | lookup owners.csv host AS b OUTPUT owner | where owner='alice'", "{'a':1,'b':'web1'}",
     true},
    {"a=1 | stats sparkline sparkline(count, 5m) as s mode(c) as m by b", "{'a':1,'b':1}", true},
    {"* | convert ctime(a) | where a=1", "{'a':1}", true},
    {"* | fillnull value=0 a b | where b=\"0\"", "{'a':1}", true},
    {"a=b", "{'a':'x','b':'x'}", false},
    /* The event's text is _raw. */
    {"* | rex \"u=(?<u>\\w+)\" | where u=\"x\"", "{'_raw':'a u=x b'}", true},
    {"* | rex max_match=2 \"u=(?<u>\\w+)\" | where mvindex(u,1)=\"y\"", "{'_raw':'u=x u=y'}", true},
    {"* | rex mode=sed \"s/x/y/\" | where _raw=\"yx\"", "{'_raw':'xx'}", true},
    {"* | regex \"^a.c\"", "{'_raw':'abcd'}", true},
    {"* | regex \"^a.c\"", "{'_raw':'xabc'}", false},
    {"* | regex \"^a.c\"", "{'a':'abcd'}", false},
    /* sed without g: the first match. */
    {"* | rex field=a mode=sed \"s/@.*//\" | where a=\"u\"", "{'a':'u@b@c'}", true},
    {"* | rex field=a mode=sed \"s/x/y/\" | where a=\"yx\"", "{'a':'xx'}", true},
    {"* | rex field=a mode=sed \"s/(b)/[\\1]/\" | where a=\"a[b]b\"", "{'a':'abb'}", true},
    {"* | rex field=a mode=sed \"s/z/y/\" | where a=\"xx\"", "{'a':'xx'}", true},
    {"* | rex field=a mode=sed \"s/z*/-/\" | where a=\"-xx\"", "{'a':'xx'}", true},
    /* Parts of a second. */
    {"* | where strptime(a,\"%Y-%m-%dT%H:%M:%S.%6NZ\")=86400.25",
     "{'a':'1970-01-02T00:00:00.250000Z'}", true},
    {"* | where strptime(a,\"%Y-%m-%dT%H:%M:%S.%3N%z\")=82800.007",
     "{'a':'1970-01-02T00:00:00.007+0100'}", true},
    {"* | where strptime(a,\"%H:%M:%S.%Q\")=1.5", "{'a':'00:00:01.5'}", true},
    {"* | where strptime(a,\"%S.%N\")=1.123", "{'a':'01.123456789'}", true},
    {"* | where strptime(a,\"%S.%3N4\")=1.123", "{'a':'01.1234'}", true},
    {"* | where isnull(strptime(a,\"%S.%3N\"))", "{'a':'01.x'}", true},
    {"* | where isnull(strptime(a,\"%S.%3NZ\"))", "{'a':'01.123'}", true},
    {"* | where isnull(strptime(a,\"%3N%S\"))", "{'a':'x'}", true},
    /* A search as a condition. */
    {"* | where searchmatch(\"a=X* b=1\")", "{'a':'xy','b':1}", true},
    {"* | where searchmatch(\"a=X* b=1\")", "{'a':'xy','b':2}", false},
    {"* | where NOT searchmatch(\"a=x OR word\")", "{'a':'y'}", true},
    {"* | where NOT searchmatch(\"a=x OR word\")", "{'m':'a Word.'}", false},
    {"* | eval c=if(searchmatch(\"a=x\"),1,0) | where c=0", "{'b':1}", true},
    {"* | eval b=lower(a) | where searchmatch(\"b=\\\"x y\\\"\")", "{'a':'X Y'}", true},
    {"* | where searchmatch(\"*\")", "{'a':1}", true},
    /* Where rows go to is not asked. */
    {"a=1 | outputlookup append=t seen.csv", "{'a':1}", true},
    {"a=1 | collect index=summary | search b=1", "{'a':1}", false},
    {"a=1 | sendemail to=\"a@b.c\"", "{'a':1}", true},
    /* Macros and comments. */
    {"* | `drop_dm_object_name(P)` | where a=1", "{'P.a':1}", true},
    {"* | `security_content_ctime(a)` | where a=1", "{'a':1}", true},
    {"| tstats `security_content_summariesonly` count where a=1 by b", "{'a':1,'b':2}", true},
    {"a=x | `anything_filter`", "{'a':'x'}", true},
    {"a=x ```not a=y``` b=y", "{'a':'x','b':'y'}", true},
    {"search a=x", "{'a':'x'}", true},
    {"| search a=x", "{'a':'x'}", true},
    /* Several fields that are JSON: the last one goes before the others. */
    {"* | spath | spath input=a | search x=1", "{'a':{'x':1}}", true},
    {"* | spath input=a | spath input=b | search x=1 y=2", "{'a':{'x':1,'y':3},'b':{'y':2}}", true},
    {"* | spath input=a | spath input=b | search x=1", "{'a':{'x':1},'b':{'x':2}}", false},
    {"* | spath input=a | spath input=b.c | search x=1",
     "{'a':'{\\'b\\':{\\'c\\':\\'{\\\\\\'x\\\\\\':1}\\'}}'}", true},
    /* Names of any length. */
    {"* | spath input=a | search " NAME_130 "y=1", "{'a':{'" NAME_130 "y':1,'" NAME_130 "':2}}",
     true},
    {"* | mvexpand a limit=2 | where a=2", "{'a':[1,2,3]}", true},
    {"* | mvexpand a limit=2 | where a=3", "{'a':[1,2,3]}", false},
    {"* | mvexpand a limit=0 | where a=3", "{'a':[1,2,3]}", true},
    {"a=1 | top b", "{'a':1}", false},
    {"a=1 | top b", "{'a':1,'b':2}", true},
    {"a=1 | timechart span=5m count by b", "{'a':1}", true},
    /* Digests, kinds, and numbers of several arguments. */
    {"* | where md5(a)=\"900150983cd24fb0d6963f7d28e17f72\"", "{'a':'abc'}", true},
    {"* | where md5(a)=\"c4ca4238a0b923820dcc509a6f75849b\"", "{'a':1}", true},
    {"* | where sha1(a)=\"a9993e364706816aba3e25717850c26c9cd0d89d\"", "{'a':'abc'}", true},
    {"* | where substr(sha256(a),1,8)=\"ba7816bf\" AND substr(sha512(a),1,8)=\"ddaf35a1\"",
     "{'a':'abc'}", true},
    {"* | where isnull(md5(a))", "{'b':1}", true},
    {"* | where typeof(a)=\"String\" AND typeof(b)=\"Number\" AND typeof(c)=\"Invalid\"",
     "{'a':'x','b':'5'}", true},
    {"* | where typeof(12)=\"Number\" AND typeof(\"12\")=\"String\" AND typeof(1==2)=\"Boolean\"",
     "{'a':1}", true},
    {"* | where typeof(a)=\"Multivalue\"", "{'a':[1,2]}", true},
    {"* | where isbool(a=1) AND NOT isbool(b)", "{'a':1,'b':true}", true},
    {"* | where tostring(a=1)=\"True\" AND tostring(b)=\"true\"", "{'a':1,'b':true}", true},
    {"* | where tostring(a=1)=\"False\"", "{'a':2}", true},
    {"* | where validate(isint(a),\"bad\",a>0,\"low\")=\"low\"", "{'a':0}", true},
    {"* | where isnull(validate(isint(a),\"bad\"))", "{'a':1}", true},
    {"* | where sum(1,a,\"x\",b)=6 AND avg(1,a)=1.5", "{'a':2,'b':[1,2]}", true},
    {"* | where (a.\"\")=\"1.5\" AND ((a*2).\"\")=\"3\" AND (sqrt(9).\"\")=\"3\"", "{'a':1.5}",
     true},
    /* Places that are computed count as those that are written. */
    {"* | where substr(a,len(a)-1)=\"de\"", "{'a':'abcde'}", true},
    {"* | where substr(a,1,len(a)-1)=\"abcd\"", "{'a':'abcde'}", true},
    {"* | where substr(a,b,2)=\"bc\" AND substr(a,0-b,1)=\"d\"", "{'a':'abcde','b':'2'}", true},
    {"* | where substr(a,0-b,9)=\"de\"", "{'a':'abcde','b':2}", true},
    {"* | where isnull(substr(a,1,b))", "{'a':'abcde','b':-1}", true},
    {"* | where isnull(substr(a,b))", "{'a':'abcde','b':'x'}", true},
    /* TERM: between blanks and what else Splunk's indexes break at, not between any marks. */
    {"TERM(10.0.0.1)", "{'a':'10.0.0.1'}", true},
    {"TERM(10.0.0.1)", "{'a':'from 10.0.0.1, port 5'}", true},
    {"TERM(10.0.0.1)", "{'a':'10.0.0.1.5'}", false},
    {"10.0.0.1", "{'a':'10.0.0.1.5'}", true},
    {"TERM(user=bob)", "{'a':'x user=BOB y'}", true},
    {"TERM(bob)", "{'a':'user=bob'}", false},
    {"TERM(bo*)", "{'a':'x [bobby] y'}", true},
    {"TERM(\"a b\")", "{'a':'x%20a b--y'}", true},
    {"NOT TERM(bob)", "{'a':'user=bob'}", true},
};

TEST(searches_mean_what_they_mean_in_splunk)
{
    query_cases_check("spl", rows, ARRAY_LEN(rows));
}

/* ---- groups -------------------------------------------------------------------------------- */

static const struct query_row groups[] = {
    /* Groups that are shown in another way. */
    {"a=1 earliest=-5m | top limit=5 b by c showperc=f countfield=n | where n>4",
     "event_count; rules query#0/1; group by b, c; condition gte 5; within 5m; and(or(a eq \"1\", "
     "a eq 1), true)"},
    {"a=1 earliest=-5m | top 3 b", "and(and(or(a eq \"1\", a eq 1), true), b contains cased \"\")"},
    {"a=1 earliest=-5m | chart limit=5 sum(d) AS s OVER b | where s>4",
     "group; rules query#0/1; group by b; within 5m; aggregates s = sum(d); having gt(s, 4) any; "
     "decided at the watermark; and(or(a eq \"1\", a eq 1), true)"},
    {"a=1 earliest=-5m | chart count by b, c",
     "and(and(or(a eq \"1\", a eq 1), true), b contains cased \"\")"},
    {"a=1 | timechart span=10m dc(b) as n useother=f | where n>=3",
     "value_count; rules query#0/1; group by _time; condition field b, gte 3; within 10m; or(a eq "
     "\"1\", a eq 1)"},
    /* A row for each b; values of c name columns, which are there when something asks them. */
    {"a=1 earliest=-5m | chart count over b by c | where x>4",
     "group; rules query#0/1; group by b; within 5m; aggregates count = count(); x = count(x); "
     "having gt(x, 4) any; decided at the watermark; and(or(a eq \"1\", a eq 1), true)"},
    {"a=1 earliest=-5m | chart dc(d) as n sum(e) as s by b c | where \1s: x\1>4",
     "group; rules query#0/1; group by b; within 5m; aggregates n = distinct(d); s = sum(e); s: x "
     "= sum(s: x); having gt(s: x, 4) any; decided at the watermark; and(or(a eq \"1\", a eq 1), "
     "true)"},
    {"a=1 earliest=-5m | chart nullstr=none count over b by c | where none>4",
     "group; rules query#0/1; group by b; within 5m; aggregates count = count(); none = "
     "count(none); having gt(none, 4) any; decided at the watermark; and(or(a eq \"1\", a eq 1), "
     "true)"},
    {"a=1 earliest=-5m | chart usenull=f count over b by c | where NULL>4",
     "group; rules query#0/1; group by b; within 5m; aggregates count = count(); NULL = "
     "count(NULL); having gt(NULL, 4) any; decided at the watermark; and(or(a eq \"1\", a eq 1), "
     "true)"},
    {"a=1 earliest=-5m | chart sep=- count sum(e) as s by b c | where \1s-x\1>4",
     "group; rules query#0/1; group by b; within 5m; aggregates count = count(); s = sum(e); s-x = "
     "sum(s-x); having gt(s-x, 4) any; decided at the watermark; and(or(a eq \"1\", a eq 1), "
     "true)"},
    {"a=1 | timechart count span=1h by b", "or(a eq \"1\", a eq 1)"},
    {"a=1 earliest=-5m | stats count by b | where c>4",
     "group; rules query#0/1; group by b; within 5m; aggregates count = count(); having null; "
     "decided at the watermark; and(or(a eq \"1\", a eq 1), true) ! 1:45: there is no 'c' here any "
     "more (stats keeps what it makes and what stands behind BY): it is null"},
    {"a=1 | table b | where c>4", "and(or(a eq \"1\", a eq 1), false) ! 1:23: there is no 'c' here "
                                  "any more (a command before this one left it out): it is null"},
    {"a=1 | stats count by b | where count>4",
     "event_count; rules query#0/1; group by b; condition gte 5; within 1h; or(a eq \"1\", a eq 1) "
     "! 1:7: the query says nothing of how far back it looks: groups are of the last hour"},
    {"a=1 | stats dc(c) as n by b | where n>=3",
     "value_count; rules query#0/1; group by b; condition field c, gte 3; within 1h; or(a eq "
     "\"1\", a eq 1) ! 1:7: the query says nothing of how far back it looks: groups are of the "
     "last hour"},
    {"a=1 | bin _time span=5m | stats count by _time b | where count>4",
     "event_count; rules query#0/1; group by _time, b; condition gte 5; within 5m; or(a eq \"1\", "
     "a eq 1)"},
    {"a=1 | bucket _time span=5m | stats dc(c) as n by _time, b | where n>4",
     "value_count; rules query#0/1; group by _time, b; condition field c, gte 5; within 5m; or(a "
     "eq \"1\", a eq 1)"},
    {"a=1 | stats values(c) as v list(d) as l min(_time) as f max(_time) as t by b",
     "and(or(a eq \"1\", a eq 1), b contains cased \"\") ! 1:7: the query says nothing of how far "
     "back it looks: groups are of the last hour"},
    {"a=1 | stats sum(c) as s avg(c) as m max(c) as x min(c) as n stdevp(c) as d perc95(c) as p by "
     "b "
     "| where s>1 AND m<2 AND p>3",
     "group; rules query#0/1; group by b; within 1h; aggregates s = sum(c); m = average(c); x = "
     "max(c); n = min(c); d = deviation(c); p = percentile(c); having and(and(gt(s, 1) any, lt(m, "
     "2) any), gt(p, 3) any); decided at the watermark; or(a eq \"1\", a eq 1) ! 1:7: the query "
     "says nothing of how far back it looks: groups are of the last hour"},
    {"a=1 | stats earliest(c) as e latest(c) as l first(c) as f last(c) as z by b | where l=\"x\"",
     "group; rules query#0/1; group by b; within 1h; aggregates e = first(c); l = last(c); f = "
     "last(c); z = first(c); having eq(l, \"x\") any; decided at the watermark; or(a eq \"1\", a "
     "eq 1) ! 1:7: the query says nothing of how far back it looks: groups are of the last hour"},
    /* Rows behind dedup: one of those with the same values. */
    {"a=1 earliest=-5m | dedup b c | stats count by b | where count>4",
     "value_count; rules query#0/1; group by b; condition field c, gte 5; within 5m; and(and(or(a "
     "eq \"1\", a eq 1), true), b contains cased \"\", c contains cased \"\")"},
    {"a=1 earliest=-5m | dedup b c d | stats count dc(c) as n sum(e) as s by b | where count>4 AND "
     "n>1",
     "group; rules query#0/1; group by b; within 5m; aggregates count = distinct(count); n = "
     "distinct(c); s = sum(e); having and(gt(count, 4) any, gt(n, 1) any); decided at the "
     "watermark; and(and(or(a eq \"1\", a eq 1), true), b contains cased \"\", c contains cased "
     "\"\", d contains cased \"\")"},
    {"a=1 earliest=-5m | dedup b c | search c=x* | where len(b)>2 | stats count by b | where "
     "count>4",
     "value_count; rules query#0/1; group by b; condition field c, gte 5; within 5m; and(and(or(a "
     "eq \"1\", a eq 1), true), b contains cased \"\", c contains cased \"\", c startswith \"x\", "
     "gt(length(b[]), 2) any)"},
    {"a=1 earliest=-5m | dedup b | stats count by b | where count>1",
     "value_count; rules query#0/1; group by b; condition field count, gte 2; within 5m; "
     "and(and(or(a eq \"1\", a eq 1), true), b contains cased \"\")"},
    /* A search inside a search is a join by its fields, case aside. */
    {"a=1 earliest=-5m [search sourcetype=x c=1 | fields b]",
     "temporal; rules query#0/1, query#0/2; group by b; condition all rules; within 5m; and(or(a "
     "eq \"1\", a eq 1), true, true); and(true, or(c eq \"1\", c eq 1))"},
    {"a=1 earliest=-5m [search c=1 | stats count by b d | return 50 b d] | table b",
     "temporal; rules query#0/1, query#0/2; group by b, d; condition all rules; within 5m; "
     "and(or(a eq \"1\", a eq 1), true, true); and(or(c eq \"1\", c eq 1), b contains cased \"\", "
     "d contains cased \"\")"},
    /* Groups that look back as far as the command says. */
    {"a=1 | streamstats time_window=10m count by b | where count>4",
     "event_count; rules query#0/1; group by b; condition gte 5; within 10m; or(a eq \"1\", a eq "
     "1) ! 1:7: streamstats: a finding is of a group, not of each of its rows"},
    {"a=1 | sort 0 b _time | streamstats time_window=10m avg(c) as m by b | where m<4",
     "group; rules query#0/1; group by b; within 10m; aggregates m = average(c); having lt(m, 4) "
     "any; decided at the watermark; or(a eq \"1\", a eq 1) ! 1:24: streamstats: a finding is of a "
     "group, not of each of its rows"},
    {"a=1 | transaction b maxspan=10m | where eventcount>4 AND duration<60",
     "group; rules query#0/1; group by b; within 10m; aggregates eventcount = count(); _time = "
     "min(time); end of transaction = max(time); having and(gt(eventcount, 4) any, "
     "lt(quotient(subtract(end of transaction, _time), 1000), 60) any); decided at the watermark; "
     "or(a eq \"1\", a eq 1)"},
    {"a=1 | transaction b maxspan=10m mvlist=t | search c=x d=y",
     "group; rules query#0/1; group by b; within 10m; aggregates eventcount = count(); _time = "
     "min(time); end of transaction = max(time); c = list(c); d = list(d); having and(eq(c, \"x\") "
     "caseless any, eq(d, \"y\") caseless any); decided at the watermark; or(a eq \"1\", a eq 1)"},
    {"a=1 | transaction b, c maxspan=10m startswith=(d=1 OR d=2) endswith=eval(d>2)",
     "temporal_ordered; rules query#0/1, query#0/2; group by b, c; condition all rules in order; "
     "within 10m; and(or(a eq \"1\", a eq 1), or(or(d eq \"1\", d eq 1), or(d eq \"2\", d eq 2))); "
     "and(or(a eq \"1\", a eq 1), d gt 2)"},
    /* Of rows that are events conditions hold of one of them. */
    {"a=1 earliest=-5m | eventstats count by b | where count>4 AND c=\"x\"",
     "group; rules query#0/1; group by b; within 5m; aggregates count = count(); rows that are so "
     "= count_true(rows that are so); having and(gt(count, 4) any, gte(rows that are so, 1) any); "
     "decided at the watermark; and(or(a eq \"1\", a eq 1), true) ! 1:20: eventstats: a finding is "
     "of a group, not of each of its rows"},
    {"a=1 earliest=-5m | eventstats count avg(c) as m by b | where count>4 | eval r=c/m | search "
     "r>2 d=x",
     "group; rules query#0/1; group by b; within 5m; aggregates count = count(); m = average(c); "
     "having gt(count, 4) any; having a row and(gt(quotient(c, m), 2) any, of a row); decided at "
     "the watermark; and(or(a eq \"1\", a eq 1), true) ! 1:20: eventstats: a finding is of a "
     "group, not of each of its rows"},
    {"a=1 earliest=-5m | eventstats min(_time) as f by b | where _time-f>60",
     "group; rules query#0/1; group by b; within 5m; aggregates f = min(time); having a row "
     "gt(subtract(of a row, quotient(f, 1000)), 60) any; decided at the watermark; and(or(a eq "
     "\"1\", a eq 1), true) ! 1:20: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 earliest=-5m | eventstats count by b | eventstats dc(c) as n stdev(d) as s by b | where "
     "n>1 AND s>2",
     "group; rules query#0/1; group by b; within 5m; aggregates count = count(); n = distinct(c); "
     "numbers of s = count(numbers of s); deviation of s = deviation(numbers of s); having "
     "and(gt(n, 1) any, gt(case(gt(numbers of s, 1) any, multiply(deviation of s, "
     "square_root(quotient(numbers of s, subtract(numbers of s, 1)))), eq(numbers of s, 1) any, "
     "0), 2) any); decided at the watermark; and(or(a eq \"1\", a eq 1), true) ! 1:20: eventstats: "
     "a finding is of a group, not of each of its rows"},
    {"a=1 | stats count", "or(a eq \"1\", a eq 1) ! 1:7: the query says nothing of how far back it "
                          "looks: groups are of the last hour"},
};

TEST(groups_are_the_operator_that_says_the_same_for_least)
{
    query_check("spl", groups, ARRAY_LEN(groups));
}

/* ---- what is said -------------------------------------------------------------------------- */

static const struct query_row refusals[] = {
    {"", "error: 1:1: the search is empty"},
    {"a=", "error: 1:3: expected a value, found the end of the search"},
    {"a= | where x", "error: 1:4: expected a value, found the end of the command"},
    {"(a=1", "error: 1:5: expected ')', AND or OR, found the end of the search"},
    {"a=1)", "error: 1:4: expected a term, found ')'"},
    {"a=\"x", "error: 1:3: a \" that is never closed"},
    {"a=1 | ", "error: 1:7: expected a command, found the end of the search"},
    {"a=1 | frob x", "unsupported: 1:7: command 'frob' (did you mean 'from'?)"},
    {"a=1 | eventstats count by b",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats count by b | where c=1",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats count by b | where c>5 AND d>5",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats avg(c) as m by b | where c<m",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats avg(c) as m by b | where c>d OR NOT c>m",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats avg(c) as m by b | where c>5 OR NOT c>m",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats avg(c) as m by b | where c/m>2",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats avg(c) as m by b | where c>\"x\"",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats avg(c) as m by b | eval o=if(c>m,1,0) | where o=0",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats avg(c) as m by b | table b m | where c>m",
     "unsupported: 1:55: 'c', a column of the rows behind eventstats"},
    {"a=1 | eventstats avg(c) as m by b | fields - c | where c>m",
     "unsupported: 1:56: 'c', a column of the rows behind eventstats"},
    {"a=1 | stats dc(c) as n by b | eventstats avg(n) as m | where b=\"x\"",
     "unsupported: 1:62: 'b', a column of the rows behind eventstats"},
    {"a=1 | eventstats count by b | rename c as b | where b=1",
     "unsupported: 1:53: 'b', a column of the rows behind eventstats"},
    {"a=1 | stats dc(c) as n by b | eventstats avg(n) as m | where n>m",
     "warning: 1:31: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats count by b | stats sum(d) as e by f | where count>1",
     "unsupported: 1:62: 'count', a column of the rows behind eventstats"},
    {"a=1 | eventstats count by b | eval x=lower(c)",
     "warning: 1:7: eventstats: a finding is of a group, not of each of its rows"},
    {"a=1 | eventstats values(*) as * by b",
     "unsupported: 1:7: eventstats of columns by a wildcard"},
    {"a=1 | eventstats count by b | eventstats count as n by c",
     "unsupported: 1:31: a second eventstats by other fields"},
    {"a=1 | eventstats count by b | rex field=c \"(?<x>y)\"",
     "unsupported: 1:31: 'c', a column of the rows behind eventstats"},
    {"a=1 | fillnull | eventstats count by b | where c=1",
     "unsupported: 1:48: 'c', a column of the rows behind eventstats"},
    {"a=1 | eventstats count by b | eval count=c",
     "unsupported: 1:35: 'count' of the rows behind eventstats, which has a column of that name"},
    {"a=1 | eventstats count by b | where count>1 | eventstats dc(c) by b",
     "unsupported: 1:47: a second eventstats behind conditions, or of groups of groups"},
    {"a=1 | eventstats count by b | eventstats max(count) as m by b",
     "unsupported: 1:42: a second eventstats of what the first one made"},
    {"a=1 | eventstats count by b | eventstats dc(c)",
     "unsupported: 1:31: a second eventstats by other fields"},
    {"a=1 | stats count by b | eventstats avg(count) as m | eventstats max(count) as n",
     "unsupported: 1:55: a second eventstats behind conditions, or of groups of groups"},
    {"a=1 or b=1", "warning: 1:5: 'or' is a word to look for: the operator is written OR"},
    {"a=1 \"or\" b=1", "ok"},
    {"a=1 | stat count", "unsupported: 1:7: command 'stat' (did you mean 'stats'?)"},
    {"a=1 | addtotals", "unsupported: 1:7: addtotals of all fields"},
    {"a=1 | addtotals col=true b", "unsupported: 1:7: addtotals with col"},
    {"a=1 | addtotals b*", "unsupported: 1:7: addtotals of 'b*'"},
    {"a=1 | streamstats count by b | where count=1",
     "unsupported: 1:43: a condition on 'count' behind streamstats that asks for more than a great "
     "value, without a sort by _time before it"},
    {"a=1 | streamstats avg(c) as m by b | where m>1",
     "unsupported: 1:44: 'm', a column that streamstats without a sort by _time before it would "
     "add"},
    {"a=1 | sort 0 c _time | streamstats avg(c) as m by b | where m>1",
     "unsupported: 1:61: 'm', a column that streamstats without a sort by _time before it would "
     "add"},
    {"a=1 | sort - _time | streamstats range(c) as m by b | where m>1",
     "unsupported: 1:22: such an aggregate in streamstats without a sort by _time before it"},
    {"a=1 | streamstats count by b | where count>1 AND c=1",
     "unsupported: 1:50: 'c', a column of the rows behind streamstats"},
    {"a=1 | streamstats window=5 count by b", "unsupported: 1:19: streamstats with window=5"},
    {"a=1 | streamstats current=f count by b", "unsupported: 1:19: streamstats with current=f"},
    {"a=1 | stats count by b | streamstats count",
     "unsupported: 1:26: streamstats of groups, or behind eventstats"},
    {"a=1 | streamstats time_window=5x count",
     "error: 1:33: '5x' is no span of time (30s, 5m, 1h, 1d)"},
    {"a=1 | transaction b maxspan=5m | stats count by b | where count>1",
     "unsupported: 1:59: 'count', a column of the rows behind groups of transactions"},
    {"a=1 | transaction b maxspan=5m | top b | where count>1",
     "unsupported: 1:48: 'count', a column of the rows behind groups of transactions"},
    {"a=1 | transaction b maxspan=5m | eventstats avg(eventcount) as m",
     "unsupported: 1:34: eventstats of transactions"},
    {"a=1 | transaction b maxspan=5m | where closed_txn=1",
     "unsupported: 1:40: 'closed_txn', a column that transaction would add"},
    {"a=1 | transaction b maxpause=1m", "unsupported: 1:7: transaction with maxpause"},
    {"a=1 | transaction b maxevents=5", "unsupported: 1:21: transaction with maxevents"},
    {"a=1 | transaction b startswith=c", "unsupported: 1:7: transaction with startswith alone"},
    {"a=1 | transaction b startswith=(c endswith=d", "error: 1:32: a ( that is never closed"},
    {"a=1 | transaction b startswith=c endswith=d | where eventcount>5",
     "unsupported: 1:53: 'eventcount', a column of the rows behind a transaction from one event to "
     "another"},
    {"a=1 | stats count by b | transaction b | where eventcount>5",
     "unsupported: 1:48: 'eventcount', a column that transaction of groups would add"},
    {"a=1 | stats count by b | where count>1 | transaction b",
     "unsupported: 1:42: transaction of groups with conditions on aggregates"},
    {"a=1 | eventstats count by b | transaction b",
     "unsupported: 1:31: transaction behind eventstats or a join, or in foreach"},
    {"a=1 | fillnull | transaction b",
     "unsupported: 1:18: transaction behind fillnull, spath or a data model's events"},
    {"a=1 | append [search c]",
     "unsupported: 1:7: command 'append'"
     " ((one search) OR (the other) before `stats` asks the events of both)"},
    {"a=1 | anomalydetection b", "unsupported: 1:7: command 'anomalydetection'"
                                 " (docs/state.md has rarity, first_seen and volume, which learn)"},
    {"| inputlookup x", "unsupported: 1:3: command 'inputlookup'"
                        " (its rows are no events; `lookup` asks a list about events)"},
    {"| mstats avg(x) where index=y", "unsupported: 1:3: command 'mstats'"
                                      " (metrics are no events)"},
    {"a=1 | stats count by b | where count > 5",
     "warning: 1:7: the query says nothing of how far back it looks: groups are of the last hour"},
    {"a=1 | join b [search c]", "unsupported: 1:7: join with a search that names no columns "
                                "(fields, table, stats)"},
    {"* | where 5+\"x\"=a", "error: 1:13: '+' of a number and a text"},
    {"a=1 | join b [search c", "error: 1:15: a [ that is never closed"},
    {"a=1 | join b", "error: 1:13: expected '[' and a search, found the end of the search"},
    {"a=1 | join [search c | table b]", "unsupported: 1:7: join by all fields that both have"},
    {"a=1 | join b [| frob c]", "unsupported: 1:17: command 'frob' (did you mean 'from'?)"},
    {"a=1 | join b usetime=true [search c | table b]", "unsupported: 1:14: join with usetime"},
    {"a=1 | join type=cross b [search c | table b]",
     "error: 1:12: join knows type=inner, left and outer, not 'cross'"},
    {"a=1 | join b [search c | table b d] | where d=1",
     "unsupported: 1:45: 'd', a column that join would add"},
    {"a=1 | join b [search c | table b d] | search d=*",
     "unsupported: 1:46: 'd', a column that join would add"},
    {"a=1 | join b [search c | table b d] | where isnotnull(d)",
     "unsupported: 1:55: 'd', a column that join would add"},
    {"a=1 | join b [search c | table b d] | eval e=lower(d)",
     "unsupported: 1:52: 'd', a column that join would add"},
    {"a=1 | join b [search c | table b d] | rename d as e | where e=1",
     "unsupported: 1:61: 'e', a column that join would add"},
    {"a=1 | stats count by b | join b [search c | table b] | where count>1",
     "unsupported: 1:62: 'count', a column that join would add"},
    {"a=1 | stats count by b | where count>1 | join b [search c | table b]",
     "unsupported: 1:42: join of groups with conditions on aggregates"},
    {"a=1 | join b [search c | stats count by b | where count>1]",
     "unsupported: 1:7: join of groups with conditions on aggregates"},
    {"a=1 | join n [search c | stats count as n by b]",
     "unsupported: 1:7: join by an aggregate, 'n'"},
    {"a=1 | join b [search c | table b] | join b [search d | table b]",
     "unsupported: 1:37: a second join: not in this version"},
    {"a=1 NOT [search b=2 | fields c]", "unsupported: 1:9: a search inside a search ([...]) under "
                                        "NOT or in an OR, that reads no list"},
    {"[search b=2 | fields c] OR a=1",
     "unsupported: 1:24: a search inside a search ([...]) in an OR"},
    {"(a=1 [search b=2 | fields c]) OR a=2",
     "unsupported: 1:30: a search inside a search ([...]) in an OR"},
    {"a=1 [search b=2 | stats count by c]",
     "unsupported: 1:5: a search inside a search ([...]) of aggregates (fields NAME leaves them "
     "out)"},
    {"a=1 [search b=2 | stats count by c | where count>2 | fields c]",
     "unsupported: 1:5: a search inside a search ([...]) of groups with conditions on aggregates"},
    {"a=1 | stats count by c | search [search b=2 | fields c]",
     "unsupported: 1:33: a search inside a search ([...]) behind groups, that reads no list"},
    {"a=1 [search b=2 [search c=3 | fields d] | fields d]",
     "unsupported: 1:17: a search inside a search ([...]) inside another one"},
    {"a=1 [search b=2 | return c]", "unsupported: 1:19: return of one row"},
    {"a=1 [search b=2 | return 5 $c]",
     "unsupported: 1:19: return of values without their fields ($)"},
    {"a=1 [search b=2 | fields c | format maxresults=5]", "unsupported: 1:30: format with options"},
    {"a=1 [search b=2 | rename c as query | fields query]",
     "unsupported: 1:5: a search inside a search ([...]) whose values are terms (a field 'search' "
     "or 'query')"},
    {"a=1 [search b=2 | fields c", "error: 1:6: a [ that is never closed"},
    {"a=1 | dedup c | stats count by b | where count>1",
     "unsupported: 1:42: 'count', a column that stats behind dedup would add"},
    {"a=1 | dedup b c | stats sum(c) as s by b | where s>1",
     "unsupported: 1:50: 's', a column that stats behind dedup would add"},
    {"a=1 | dedup b c | stats range(c) as s by b | where s>1",
     "unsupported: 1:52: 's', a column that stats behind dedup would add"},
    {"a=1 | dedup b c | where d=1 | stats count by b | where count>1",
     "unsupported: 1:56: 'count', a column that stats behind dedup would add"},
    {"a=1 | dedup b c | search c=x d=1 | stats count by b | where count>1",
     "unsupported: 1:61: 'count', a column that stats behind dedup would add"},
    {"a=1 | dedup b c | regex d=\"x\" | stats dc(c) as n by b | where n>1",
     "unsupported: 1:63: 'n', a column that stats behind dedup would add"},
    {"a=1 | dedup b | transaction b maxspan=5m startswith=(c=1) endswith=(c=2)",
     "unsupported: 1:17: transaction from one event to another behind dedup"},
    {"a=1 | dedup b c | mvexpand d | stats count by b | where count>1",
     "unsupported: 1:57: 'count', a column that stats behind dedup would add"},
    {"a=1 | dedup b c | dedup b | stats count by b | where count>1",
     "unsupported: 1:54: 'count', a column that stats behind dedup would add"},
    {"a=1 | dedup b c | stats values(*) as * by b | where d=1",
     "unsupported: 1:53: 'd', of groups behind dedup"},
    {"a=1 | dedup b c | eventstats count by b | where count>1 AND d=1",
     "unsupported: 1:61: 'd', a column of the rows behind eventstats"},
    {"a=1 | format", "unsupported: 1:7: command 'format'"},
    {"a=1 | return b", "unsupported: 1:7: command 'return'"},
    {"a=1 [search b=2]", "unsupported: 1:5: a search inside a search ([...]) that does not name "
                         "its fields (fields NAME)"},
    {"a=1 [| makeresults]", "unsupported: 1:8: command 'makeresults' (its rows are no events; "
                            "`lookup` asks a list about events)"},
    {"a=1 []", "unsupported: 1:5: a search inside a search ([...]) that reads no list"},
    {"a=1 [| inputlookup l]",
     "unsupported: 1:5: a search inside a search ([...]) of a list that does not name its field "
     "(fields NAME)"},
    {"a=1 NOT [| inputlookup nosuch.csv | fields a]",
     "error: 1:9: there is no list 'nosuch.csv' (--list NAME=FILE)"},
    {"a=1 [| inputlookup l | fields a, b]",
     "unsupported: 1:5: a search inside a search ([...]) of several fields"},
    {"a=1 [| inputlookup l where a=1 | fields a]",
     "unsupported: 1:5: a search inside a search ([...]) with more behind inputlookup than a name"},
    {"a=1 [| inputlookup l | search a=b* | fields a]",
     "unsupported: 1:24: 'search' in a search inside a search ([...])"},
    {"a=1 [| inputlookup l | rename a as search | fields search]",
     "unsupported: 1:5: a search inside a search ([...]) whose values are terms (a field 'search' "
     "or "
     "'query')"},
    {"a=1 [| inputlookup l | rename a as u, b as t | fields u]",
     "unsupported: 1:5: a search inside a search ([...]) that renames several fields"},
    {"a=1 [| inputlookup l | rename a as u | fields v]",
     "error: 1:5: the list has been left without a field"},
    {"a=1 [| inputlookup l | fields a | rename b as c]",
     "error: 1:35: the list has no field 'b' any more"},
    {"a=1 [| inputlookup l | fields a", "error: 1:32: expected ']', found the end of the search"},
    {"* | where a=[| inputlookup l | fields a]",
     "unsupported: 1:13: a search inside a search ([...])"},
    {"a=1 | where b=random()", "unsupported: 1:15: random()"},
    {"a=1 | where _time<relative_time(now(),\"-1d\")",
     "unsupported: 1:18: events that are older than a time before now(): events come as they "
     "happen"},
    {"a=1 | where b<relative_time(now(),\"-1mon\")",
     "unsupported: 1:15: relative_time() by \"-1mon\""},
    {"a=1 OR earliest=-1h",
     "unsupported: 1:8: 'earliest' under NOT, in an OR or behind the first search"},
    {"a=1 earliest=10/19/2009:0:0:0",
     "unsupported: 1:5: a search that begins or ends at '10/19/2009:0:0:0'"},
    {"a=1 | dedup b consecutive=true", "unsupported: 1:7: dedup with consecutive"},
    {"a=1 | dedup sortby b", "error: 1:21: expected the name of a field, found the end of the "
                             "search"},
    {"a=1 | convert dur2sec(b)", "unsupported: 1:15: convert dur2sec()"},
    {"a=1 | makemv tokenizer=\"x\" b",
     "error: 1:7: the tokenizer of makemv is a regex with a group"},
    {"a=1 | bin _time span=1d@h", "unsupported: 1:22: a span that begins elsewhere ('1d@h')"},
    {"a=1 | stats values(b*c*) by d", "unsupported: 1:20: aggregates of 'b*c*'"},
    {"a=1 | stats count(b.*) by d", "unsupported: 1:19: aggregates of 'b.*'"},
    {"a=1 | stats stdev(b.*) by d", "unsupported: 1:19: aggregates of 'b.*'"},
    {"a=1 | stats allnum=t min(b)", "unsupported: 1:13: stats with allnum"},
    {"a=1 | stats perc101(b)", "unsupported: 1:13: perc101() in stats"},
    {"| tstats count from datamodel=Change where nodename=All_Changes.Account_Management by x",
     "unsupported: 1:21: the data model Change: events must have its fields by their names, no "
     "source profile of weir's does"},
    {"| tstats count from datamodel=Web where nodename=Web.Proxy by x",
     "unsupported: 1:41: a part of a data model (nodename)"},
    {"a=1 | search earliest=x",
     "unsupported: 1:14: 'earliest' under NOT, in an OR or behind the first search"},
    {"a=1 | where bb=lowr(c)", "unsupported: 1:16: lowr() (did you mean 'lower'?)"},
    {"a=1 | where len()=2", "error: 1:13: len() takes 1 arguments, not 0"},
    {"a=1 | where b=", "error: 1:15: expected a value, found the end of the search"},
    {"a=1 | where (b=1", "error: 1:17: expected ')' or an operator, found the end of the search"},
    {"a=1 | eval b", "error: 1:13: expected '=' behind the name of a field, found the end of the "
                     "search"},
    {"a=1 | eval b=1 c=2", "error: 1:16: expected '|' or the end of the search, found 'c=2'"},
    {"a=1 | rename b c", "error: 1:16: expected AS, found 'c'"},
    {"a=1 | rex field=b \"x\"",
     "error: 1:19: the regex of rex has no named group, as (?<name>...)"},
    {"a=1 | rex field=b offset_field=c \"(?<x>y)\"", "unsupported: 1:19: rex with offset_field"},
    {"a=1 | rex field=b mode=sed \"s/x/y/3\"", "unsupported: 1:28: rex mode=sed with the flag '3'"},
    {"a=1 | eval {b}=c",
     "unsupported: 1:11: '{b}', a field whose name is the value of another (case() with the names "
     "that there are says the same)"},
    {"a=1 | where searchmatch(b)", "unsupported: 1:13: a search in searchmatch() that is computed"},
    {"a=1 | where searchmatch(\"b=(\")", "error: 1:31: expected a value, found '('"},
    {"a=1 | inputlookup x.csv",
     "unsupported: 1:7: command 'inputlookup' (its rows are no events; `lookup` asks a list about "
     "events)"},
    {"a=1 | untable a b c", "unsupported: 1:7: command 'untable'"},
    {"a=1 | statz count", "unsupported: 1:7: command 'statz' (did you mean 'stats'?)"},
    {"a=1 | regex b=\"(?<!x)y\"",
     "warning: 1:13: the regex uses look-around: no fast path, matched by backtracking"},
    {"a=1 | regex b=\"(y\"", "error: 1:13: not a valid regex: missing closing parenthesis"},
    {"a=1 | stats", "error: 1:12: expected an aggregate, found the end of the search"},
    {"a=1 | stats sum by b",
     "error: 1:17: expected '(' behind the name of an aggregate, found 'by b'"},
    {"a=1 | stats mode(x) by b",
     "warning: 1:7: the query says nothing of how far back it looks: groups are of the last hour"},
    {"a=1 | stats count by",
     "error: 1:21: expected the name of a field behind BY, found the end of "
     "the search"},
    {"a=1 | bin x span=5", "error: 1:18: '5' is no span of time (30s, 5m, 1h, 1d)"},
    {"a=1 | bin x span=5m", "unsupported: 1:7: bin of anything but _time with a span"},
    {"a=1 | iplocation b",
     "unsupported: 1:7: iplocation: no GeoIP database is given (--geoip FILE)"},
    {"a=1 | iplocation allfields=true b", "unsupported: 1:7: iplocation with allfields"},
    {"a=1 | iplocation", "error: 1:17: expected the name of a field, found the end of the search"},
    {"| tstats count by b | where count>1",
     "warning: 1:3: the query says nothing of how far back it looks: groups are of the last "
     "hour"},
    {"| tstats count from datamodel=Risk.Other by x", "unsupported: 1:21: data model 'Risk.Other'"},
    {"| tstats count from datamodle=Web",
     "error: 1:21: expected datamodel=NAME, found 'datamodle=Web'"},
    {"| tstats prestats=true count from datamodel=Web",
     "unsupported: 1:1: tstats with prestats, without stats behind it"},
    {"| tstats count from datamodel=Web by", "error: 1:37: expected the name of a field behind BY, "
                                             "found the end of the search"},
    {"| tstats from datamodel=Web by Web.url",
     "error: 1:39: expected an aggregate, found the end of the search"},
    {"| tstats count from datamodel=Web where by Web.url",
     "error: 1:41: expected a condition behind WHERE, found 'by Web.url'"},
    {"a=1 | tstats count from datamodel=Web", "unsupported: 1:7: tstats behind another command"},
    {"a=1 | spath input=b", "ok"},
    {"a=1 | eval c=1 | spath input=b",
     "unsupported: 1:18: spath without a path behind commands that make columns"},
    {"a=1 | spath input=b | spath input=c | spath input=d | spath input=e | spath input=f",
     "unsupported: 1:71: more than 4 spath without a path"},
    {"a=1 | spath input=b | eval c=1 | spath input=d",
     "unsupported: 1:34: spath without a path behind commands that make columns"},
    {"a=1 | spath input=b | rename c.* AS *",
     "unsupported: 1:23: names with a wildcard behind spath without a path"},
    {"a=1 | rex field=b max_match=x \"(?<x>y)\"",
     "error: 1:7: max_match must be a number of matches"},
    {"a=1 | lookup nobody b OUTPUT c", "warning: 1:14: there is no list 'nobody' (--list "
                                       "nobody=FILE.csv): what lookup would add stays empty"},
    {"a=1 | lookup owners host OUTPUT c",
     "error: 1:14: the list 'owners' has no column 'c' among those that it copies (# copy: c), or "
     "more than 10000 entries"},
    {"a=1 | lookup owners h OUTPUT owner",
     "error: 1:14: the entries of the list 'owners' are its column 'host', not 'h'"},
    {"a=1 | lookup owners host b OUTPUT owner", "unsupported: 1:14: lookup by more than one field"},
    {"a=1 | lookup owners host", "unsupported: 1:7: lookup without OUTPUT"},
    {"a=1 | fillnull | fillnull", "unsupported: 1:18: a second fillnull of all fields"},
    {"NOT index=x", "unsupported: 1:5: 'index' under NOT, in an OR or behind the first search"},
    {"a=1 OR index=x", "unsupported: 1:8: 'index' under NOT, in an OR or behind the first search"},
    {"a=1 | search index IN (x)",
     "unsupported: 1:14: 'index' under NOT, in an OR or behind the first search"},
    {"`nobody` a=1",
     "error: 1:1: unknown macro `nobody` with 0 arguments (its file is to be loaded "
     "too)"},
    {"a=1 `open", "error: 1:5: a ` that is never closed"},
    {"a=1\n| where\n  b=1 )", "error: 3:7: expected '|' or the end of the search, found ')'"},
    {"TERM(", "error: 1:6: expected a value, found the end of the search"},
    {"TERM(x", "error: 1:7: expected ')', found the end of the search"},
    {"PREFIX(x)", "unsupported: 1:1: PREFIX() in a search"},
    {"* | top", "error: 1:8: expected the name of a field, found the end of the search"},
    {"* | top a by", "error: 1:13: expected the name of a field, found the end of the search"},
    {"* | top by a", "error: 1:12: expected the name of a field, found 'a'"},
    {"* | timechart span=1m count by",
     "error: 1:31: expected the name of a field, found the end of the search"},
    {"* | top a | where percent>50", "unsupported: 1:19: 'percent', a column that top would add"},
    {"* | chart count by a b | where OTHER>2",
     "unsupported: 1:32: 'OTHER', a column of this chart"},
    {"* | chart otherstr=x count by a b | where x>2",
     "unsupported: 1:43: 'x', a column of this chart"},
    {"* | chart format=$VAL$-$AGG$ count dc(c) by a b | where y>2",
     "unsupported: 1:57: 'y', a column of this chart"},
    {"* | chart range(c) by a b | where d>2", "unsupported: 1:35: 'd', a column of this chart"},
    {"* | rangemap a", "error: 1:14: expected field=NAME, found 'a'"},
    {"* | rangemap field=a x=1to2", "error: 1:22: a range is written 0-10, not '1to2'"},
    {"* | rangemap field=a", "error: 1:21: expected NAME=FROM-TO, found the end of the search"},
    {"* | foreach a* [eval b=1]", "unsupported: 1:13: foreach of fields by a wildcard"},
    {"* | foreach a [eval b=frob(1)]", "unsupported: 1:16: frob()"},
    {"* | foreach a [eval b='<<MATCHSTR>>']",
     "unsupported: 1:15: foreach with anything but <<FIELD>>"},
    {"* | foreach mode=json_array a [eval b=1]", "unsupported: 1:13: foreach with mode"},
    {"* | foreach a [eval b=1", "error: 1:15: a [ that is never closed"},
    {"* | foreach a [foreach b [eval c=1]]", "unsupported: 1:16: foreach inside foreach"},
    {"* | foreach a", "error: 1:14: expected '[' and commands, found the end of the search"},
    {"| from x", "unsupported: 1:8: from anything but a data model"},
    {"* | from datamodel:Web", "unsupported: 1:5: from behind another command"},
    {"| from datamodel:Nosuch", "unsupported: 1:18: data model 'Nosuch'"},
    {"| datamodel Web Web", "unsupported: 1:13: datamodel that searches nothing (search, flat)"},
    {"| tstats prestats=t count where a=1 by b | where count>5",
     "unsupported: 1:44: tstats with prestats, without stats behind it"},
    {"| tstats prestats=t count where a=1 by b",
     "unsupported: 1:1: tstats with prestats, without stats behind it"},
    {"a=1 | lookup nosuch b OUTPUT c",
     "warning: 1:14: there is no list 'nosuch' (--list nosuch=FILE.csv): what lookup would add "
     "stays empty"},
    {"* | join type=left a [search b | table a c] | stats count by c",
     "unsupported: 1:5: join type=left leaves nothing out: what it would add stays empty"},
    {"* | join type=left a [search b | table a c] | stats values(c) as d by a | where d=1",
     "unsupported: 1:5: join type=left leaves nothing out: what it would add stays empty"},
    {"* | stats mode(a) as m by b | where m=1",
     "unsupported: 1:37: 'm', a column that mode would add"},
    {"* | stats sparkline(count by b", "error: 1:31: expected ')', found the end of the search"},
    {"* | rare a", "unsupported: 1:5: command 'rare' (docs/state.md has rarity, first_seen and "
                   "volume, which learn)"},
    {"* | chart count", "error: 1:16: expected BY and a field, found the end of the search"},
    {"* | chart count by a b c", "error: 1:24: chart by more than 2 fields"},
    {"* | chart span=5 count by a", "unsupported: 1:5: chart with a span"},
    {"* | timechart count",
     "unsupported: 1:5: timechart without span= (Splunk chooses one by the time range)"},
    {"* | timechart span=5m count by a b", "error: 1:34: timechart by more than 1 field"},
    {"* | timechart span=5m values(a*)", "unsupported: 1:5: aggregates by a wildcard in a chart"},
    {"* | mvexpand a limit=x", "error: 1:16: limit must be a number of members"},
    {"AND a=1", "error: 1:1: expected a term before AND"},
    {"a=1 (AND b=1)", "error: 1:6: expected a term before AND"},
    {"OR a=1", "error: 1:1: expected a term before OR"},
    {"a=1 AND AND b=1", "error: 1:9: expected a term before AND"},
    {"NOT OR", "error: 1:5: expected a term before OR"},
    {"a=1 OR OR b=1", "error: 1:8: expected a term before OR"},
    {"a<>1", "error: 1:1: '<>' is no comparison: '!=' is"},
    {"* | where validate(a=1)=2", "error: 1:11: validate() takes 2 or more arguments, not 1"},
    {"* | where validate(a=1,2,3)=2",
     "error: 1:11: validate() takes pairs of a condition and a value"},
    {"* | where printf(\"%s\",a)=\"x\"", "unsupported: 1:11: printf()"},
    {"CASE(x", "error: 1:7: expected ')', found the end of the search"},
    {"case(x)", "unsupported: 1:1: case() in a search"},
    {"a=1 | where mvfilter(b=c)", "error: 1:24: mvfilter() is about one field, b"},
    {"a=1 | where mvfilter(1=1)", "error: 1:13: mvfilter() wants a condition about a field"},
    {"a=1 | where mvmap(b, mvmap(b,b))",
     "unsupported: 1:22: mvmap() or mvfilter() inside one of them"},
    {"a=1 | where mvmap(lower(b), b)", "unsupported: 1:13: mvmap() of anything but a field"},
    {"a=1 | where tostring(b,\"octal\")=c",
     "error: 1:13: tostring() knows \"hex\", \"commas\" and \"duration\", not \"octal\""},
    {"a=1 | where json_extract(b,\"c{}\")=1",
     "unsupported: 1:13: json_extract() of all members ({})"},
    {"a=1 | rex field=b mode=sed \"y/x/y/\"",
     "unsupported: 1:28: rex mode=sed with anything but s/old/new/ and s/old/new/g"},
    {"a=1 | replace x WITH y", "unsupported: 1:7: replace in all fields (no IN)"},
    {"a=1 | replace x WITH *y IN b", "unsupported: 1:7: replace WITH a wildcard"},
    {"a=1 | replace x y IN b", "error: 1:17: expected WITH, found 'y IN b'"},
    {"a=1 | strcat b", "error: 1:15: expected the name of a field, found the end of the search"},
};

/* A search of its own loader, as a file. */
TEST(what_is_wrong_is_named_with_its_place)
{
    query_verdicts_check("spl", refusals, ARRAY_LEN(refusals));
}

TEST(too_much_is_refused)
{
    struct arena *a = arena_new(0);
    struct buf deep = {0}, wide = {0};

    for (int i = 0; i < 200; i++)
        buf_add(&deep, STR("("));
    buf_add(&deep, STR("a=1"));
    buf_add_char(&deep, '\0');
    CHECK(str_starts(query_verdict(a, "spl", deep.p),
                     STR("error: 1:102: parentheses nested deeper than 100")));
    buf_add(&wide, STR("a IN ("));
    for (int i = 0; i < 10001; i++)
        buf_printf(&wide, "%d,", i % 10);
    buf_add(&wide, STR("1)"));
    buf_add_char(&wide, '\0');
    CHECK(str_find(query_verdict(a, "spl", wide.p), STR("more than 10000 values"), 0) != SIZE_MAX);
    buf_clear(&wide);
    for (int i = 0; i < 70 * 1024; i++)
        buf_add_char(&wide, 'x');
    buf_add_char(&wide, '\0');
    CHECK(str_find(query_verdict(a, "spl", wide.p), STR("larger than 64 KiB"), 0) != SIZE_MAX);
    buf_release(&deep);
    buf_release(&wide);
    arena_free(a);
}

/* ---- files --------------------------------------------------------------------------------- */

static const char MACROS[] = "name: kube\ndefinition: source=\"kubernetes\"\n---\n"
                             "name: is\narguments:\n- f\n- v\ndefinition: $f$=$v$\n";
static const char DETECTION[] =
    "name: Secrets\nid: 5d2a\nauthor: somebody\ndate: 2026-01-01\nstatus: production\n"
    "description: Text.\n"
    "search: '`kube` `is(verb, get)` `is(objectRef.resource,secrets)` | stats count by "
    "user.username"
    " | `secrets_filter`'\n"
    "known_false_positives: none\nreferences: [x]\n"
    "tags:\n  confidence: 80\n  impact: 80\n  mitre_attack_id: [T1552.007]\n";

TEST(detections_find_their_macros_whatever_the_order_of_files)
{
    for (int order = 0; order < 2; order++) {
        struct arena *a = arena_new(0);
        struct rule_loader *l = rule_loader_new(a, NULL, NULL);
        struct loaded_rules loaded;

        rule_loader_add(l, STR("a.yml"), str_from(order ? MACROS : DETECTION));
        rule_loader_add(l, STR("b.yml"), str_from(order ? DETECTION : MACROS));
        rule_loader_finish(l, &loaded);
        CHECK_EQ(loaded.n_rules, 1);
        const struct rule *r = loaded.rules[0];
        CHECK_STR(r->uid, "5d2a");
        CHECK_STR(r->title, "Secrets");
        CHECK_EQ(r->level, LEVEL_MEDIUM);
        CHECK_EQ(r->tags.n, 1);
        CHECK_STR(r->tags.items[0], "attack.t1552.007");
        CHECK_EQ(r->logsource.streams.n, 1);
        CHECK_STR(r->logsource.streams.items[0], "source=kubernetes");
        arena_free(a);
    }
}

TEST(a_log_of_windows_is_a_service_however_it_is_named)
{
    static const struct {
        const char *search, *service;
        size_t n_streams;
    } sources[] = {
        {"eventtype=wineventlog_system a=1", "system", 1},
        {"source=XmlWinEventLog:Security OR source=wineventlog:security", "security", 2},
        {"(source=XmlWinEventLog:Microsoft-Windows-Sysmon/Operational OR "
         "source=Syslog:Linux-Sysmon/Operational) a=1",
         "sysmon", 2},
        {"source=XmlWinEventLog:Security OR source=WinEventLog:System", "", 2},
        {"source=XmlWinEventLog:Security OR sourcetype=x", "", 2},
        {"sourcetype=aws:cloudtrail", "", 1},
        {"a=1", "", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        struct arena *a = arena_new(0);
        struct rule_loader *l = rule_loader_new(a, NULL, NULL);
        struct loaded_rules loaded;
        rule_loader_add_as(l, STR("q"), STR("spl"), str_from(sources[i].search));
        rule_loader_finish(l, &loaded);
        CHECK_EQ(loaded.n_rules, 1);
        CHECK_STR(loaded.rules[0]->logsource.service, sources[i].service);
        CHECK_EQ(loaded.rules[0]->logsource.streams.n, sources[i].n_streams);
        arena_free(a);
    }
}

TEST(a_macro_that_calls_itself_ends)
{
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    struct loaded_rules loaded;

    rule_loader_add(l, STR("a.yml"),
                    STR("name: x\ndefinition: '`x` `x`'\n---\nname: y\nsearch: 'a=1 `x`'\n"));
    rule_loader_finish(l, &loaded);
    CHECK_EQ(loaded.n_rules, 0);
    CHECK(str_find(loaded.verdicts[1].messages[0].text, STR("macros nested deeper than 16"), 0) !=
          SIZE_MAX);
    arena_free(a);
}

TEST_MAIN(ENTRY(searches_mean_what_they_mean_in_splunk),
          ENTRY(groups_are_the_operator_that_says_the_same_for_least),
          ENTRY(what_is_wrong_is_named_with_its_place), ENTRY(too_much_is_refused),
          ENTRY(detections_find_their_macros_whatever_the_order_of_files),
          ENTRY(a_log_of_windows_is_a_service_however_it_is_named),
          ENTRY(a_macro_that_calls_itself_ends))
