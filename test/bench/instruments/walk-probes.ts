/** Puts probes into a compiled file: at the beginning and end of functions, around waiting and making. */
import ts from "typescript";

const { factory } = ts;
const callName = "walkedCall";

/** The same code, which tells `globalThis.walk` what it does. */
export function instrumented(code: string, path: string): string {
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const { transformed } = ts.transform(source, [(context) => (file) => probe(file, path, context)]);
  const [result = source] = transformed;
  return ts.createPrinter().printFile(result);
}

function probe(
  file: ts.SourceFile,
  path: string,
  context: ts.TransformationContext,
): ts.SourceFile {
  /** Inside of a function whose calls are followed, waiting is as well. */
  const visitor =
    (isFollowed: boolean) =>
    (node: ts.Node): ts.Node => {
      const visit = visitor(isFollowed);
      const visited = () => ts.visitEachChild(node, visit, context);
      if (ts.isFunctionLike(node)) {
        const isGenerator = "asteriskToken" in node && node.asteriskToken !== undefined;
        const inner = ts.visitEachChild(node, visitor(!isGenerator), context);
        const followed = isGenerator ? inner : withProbes(inner, path);
        const isClosure = ts.isArrowFunction(followed) || ts.isFunctionExpression(followed);
        return isClosure ? tell("made", text("closures"), followed) : followed;
      }
      if (isFollowed && ts.isAwaitExpression(node)) {
        const value = ts.visitNode(node.expression, visit, ts.isExpression);
        const waiting = factory.createAwaitExpression(tell("leave", call(), value));
        return tell("resume", call(), waiting);
      }
      if (isFollowed && ts.isCatchClause(node)) {
        const clause = ts.visitEachChild(node, visit, context);
        const { variableDeclaration, block } = clause;
        return factory.updateCatchClause(clause, variableDeclaration, resumed(block));
      }
      if (isFollowed && ts.isForOfStatement(node) && node.awaitModifier !== undefined) {
        const loop = ts.visitEachChild(node, visit, context);
        const { awaitModifier, initializer, expression, statement } = loop;
        const body = ts.isBlock(statement) ? statement : factory.createBlock([statement]);
        return factory.updateForOfStatement(
          loop,
          awaitModifier,
          initializer,
          expression,
          resumed(body),
        );
      }
      if (isDestructuring(node)) {
        const { left, operatorToken } = node;
        const right = ts.visitNode(node.right, visit, ts.isExpression);
        return factory.updateBinaryExpression(node, left, operatorToken, right);
      }
      const made = visited();
      if (ts.isObjectLiteralExpression(made)) return tell("made", text("objects"), made);
      if (ts.isArrayLiteralExpression(made)) return tell("made", text("arrays"), made);
      if (ts.isNewExpression(made) && ts.isNewExpression(node)) {
        return tell("instance", text(node.expression.getText(file)), made);
      }
      return made;
    };
  return ts.visitEachChild(file, visitor(false), context);
}

/** What stands left of `=` only looks like something that is made. */
function isDestructuring(node: ts.Node): node is ts.BinaryExpression {
  return (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    (ts.isObjectLiteralExpression(node.left) || ts.isArrayLiteralExpression(node.left))
  );
}

function withProbes(node: ts.Node, path: string): ts.Node {
  if (ts.isArrowFunction(node)) {
    const body = ts.isBlock(node.body)
      ? node.body
      : factory.createBlock([factory.createReturnStatement(node.body)]);
    return factory.updateArrowFunction(
      node,
      node.modifiers,
      node.typeParameters,
      node.parameters,
      node.type,
      node.equalsGreaterThanToken,
      followed(body, path),
    );
  }
  const visitBody = (child: ts.Node) =>
    ts.isBlock(child) && "body" in node && child === node.body ? followed(child, path) : child;
  return ts.visitEachChild(node, visitBody, undefined);
}

/** `const walkedCall = walk.enter(path); try { body } finally { walk.leave(walkedCall); }` */
function followed(body: ts.Block, path: string): ts.Block {
  const declaration = factory.createVariableDeclaration(
    callName,
    undefined,
    undefined,
    tell("enter", text(path)),
  );
  const leave = factory.createExpressionStatement(tell("leave", call()));
  return factory.createBlock(
    [
      factory.createVariableStatement(
        undefined,
        factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const),
      ),
      factory.createTryStatement(body, undefined, factory.createBlock([leave])),
    ],
    true,
  );
}

function resumed(block: ts.Block): ts.Block {
  const resume = factory.createExpressionStatement(tell("resume", call()));
  return factory.updateBlock(block, [resume, ...block.statements]);
}

function tell(method: string, ...parameters: readonly ts.Expression[]): ts.Expression {
  const counter = factory.createPropertyAccessExpression(
    factory.createIdentifier("globalThis"),
    "walk",
  );
  const named = factory.createPropertyAccessExpression(counter, method);
  return factory.createCallExpression(named, undefined, [...parameters]);
}

const text = (value: string) => factory.createStringLiteral(value);
const call = () => factory.createIdentifier(callName);
